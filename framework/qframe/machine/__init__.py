"""The machine that a run uses: disks, locks, scratch directories, signals and memory."""
