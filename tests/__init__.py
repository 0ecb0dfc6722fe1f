"""The tests, and `python -m tests.torture` and `python -m tests.planted_bugs`."""
