"""The built-in storages, one per file."""
