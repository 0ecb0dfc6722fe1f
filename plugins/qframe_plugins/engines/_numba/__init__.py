"""The loops that Numba compiles for the engine `numba`."""
