"""The long run of the fault tests: `python -m tests.torture`, from the repository's root."""
