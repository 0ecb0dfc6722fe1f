"""Loops that Numba compiles, for the engine `numba`."""
