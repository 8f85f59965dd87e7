"""Measurements against what the work cannot be done faster than: see ``docs/PERFORMANCE.md``."""
