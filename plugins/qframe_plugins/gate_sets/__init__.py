"""The built-in gate sets, one per file."""
