"""Gate matrices: standard gates, exact angles, expressions, and files."""
