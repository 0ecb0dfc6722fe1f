"""The built-in samplers, one per file."""
