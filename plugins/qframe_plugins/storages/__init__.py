"""Built-in storages, one a file."""
