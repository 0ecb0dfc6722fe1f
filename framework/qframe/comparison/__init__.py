"""What `qframe compare` does: write one recipe into several storages and measure each."""
