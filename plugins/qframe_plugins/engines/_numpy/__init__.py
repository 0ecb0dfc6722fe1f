"""Multiplication in NumPy, for the engine `numpy`: word tables and local gates."""
