"""Built-in executors, one a file."""
