"""Finding and loading plugins: built-in, installed and local ones in the same way."""
