"""Analysis: statistics of a dataset, its distance to Haar, and the group of a gate set."""
