"""Built-in engines, one a file."""
