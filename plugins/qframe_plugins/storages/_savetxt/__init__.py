"""Directories and files of the storage `savetxt`."""
