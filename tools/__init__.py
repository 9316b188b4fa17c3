"""For maintainers, in a checkout only: `python -m tools` makes weights, studies, notebooks and pages again."""
