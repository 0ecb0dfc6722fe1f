"""Integrity of a dataset: verification, checks of the records, and repair from the recipe."""
