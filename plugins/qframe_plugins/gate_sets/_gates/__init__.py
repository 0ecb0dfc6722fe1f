"""Gate matrices and how they are written: exact angles, expressions, files."""
