"""Running, checking and releasing the notebooks: `python -m tools notebooks ACTION`."""
