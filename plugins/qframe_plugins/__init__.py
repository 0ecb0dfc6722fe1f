"""The built-in plugins of qframe: a plain client of its public names, without privileges."""
