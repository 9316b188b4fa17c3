"""The trainings whose results are shipped, a declaration each: `python -m tools weights NAME`."""
