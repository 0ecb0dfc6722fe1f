"""Proof that a dataset is what its recipe says, and repair where it is not."""
