"""Words of gates: which are allowed, uniform draws of them, Clifford words, joining words."""
