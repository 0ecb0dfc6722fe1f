"""Reading: records, batches, splits and keys, the same for every storage and for no storage."""
