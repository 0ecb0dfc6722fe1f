"""Helpers of the executor `processes`."""
