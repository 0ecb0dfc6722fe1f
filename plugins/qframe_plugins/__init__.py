"""The built-in plugins of qframe. They use only the public names of `qframe`, as yours would."""
