"""The machine under a run: disk, locks, scratch directories, signals, memory, mounts."""
