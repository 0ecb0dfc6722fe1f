"""Deduplication: a new dataset with one record per unitary, made in bounded memory."""
