"""The trainings whose results are shipped: `python -m tools weights NAME`."""
