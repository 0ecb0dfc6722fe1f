"""Forecast of a long run from a short one: time, bytes, limits of the disk, duplicates."""
