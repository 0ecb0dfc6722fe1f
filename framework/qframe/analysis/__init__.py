"""What a dataset or a gate set is like: statistics, Haar distance, gate group, charts."""
