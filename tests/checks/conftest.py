"""Every set's answers, noted once."""

from importlib import import_module

from vistext import checks

for name in checks.SETS:
    import_module(f"{name}_answers")
