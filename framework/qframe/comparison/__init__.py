"""Comparison of storages: the same records written into each, measured, shown and drawn."""
