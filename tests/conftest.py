"""For every test: Ctrl-C arrives, also where the tests were started in the background, whose shell turns it off."""

import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
