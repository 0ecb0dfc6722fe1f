"""Reading of datasets: records, batches, splits and keys, from any storage or from a config."""
