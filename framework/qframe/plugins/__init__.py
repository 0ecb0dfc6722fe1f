"""The one door through which all plugins come: built-in, installed and local alike."""
