"""The long run of the trust tests: `python -m tests.torture`, from the repository's root."""
