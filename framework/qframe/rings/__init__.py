"""Exact arithmetic: unitaries whose entries are integers of a ring over a power of a square root."""
