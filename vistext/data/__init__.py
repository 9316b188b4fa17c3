"""Where pictures and words come from."""
