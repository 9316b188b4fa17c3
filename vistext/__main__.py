"""`python -m vistext` is the command `vistext`; Python looks into the current folder first, which may hide a module."""

import sys

from vistext.environment import shadowing_file

if __name__ == "__main__":
    if problem := shadowing_file():
        sys.exit(f"vistext: {problem}")

    from vistext.cli import main

    sys.exit(main())
