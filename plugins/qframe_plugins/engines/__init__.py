"""The built-in engines, one per file."""
