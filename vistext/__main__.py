"""`python -m vistext` is the command `vistext`."""

import sys

from vistext.cli import main

if __name__ == "__main__":
    sys.exit(main())
