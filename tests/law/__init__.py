"""The law: one recipe gives the same bits everywhere; `python -m tests.law.make_vectors`."""
