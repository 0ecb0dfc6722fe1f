"""Exact arithmetic: entries that are integers of a ring over a power of a square root."""
