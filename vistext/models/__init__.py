"""The networks of the course: each module has a frozen config, a `build` and a `load`."""
