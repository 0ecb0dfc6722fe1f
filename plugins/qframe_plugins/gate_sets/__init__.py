"""Built-in gate sets, one a file."""
