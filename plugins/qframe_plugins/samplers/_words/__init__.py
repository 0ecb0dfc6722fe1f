"""Words of gates: automata that admit them, and uniform draws from what they admit."""
