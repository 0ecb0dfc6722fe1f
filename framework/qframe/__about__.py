"""The version of qframe: its one source."""

__version__ = "0.1.0"
