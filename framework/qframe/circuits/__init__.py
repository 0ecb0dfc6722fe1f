"""Gates, circuits and their unitaries: placement, arithmetic, phase, keys, costs, diagrams."""
