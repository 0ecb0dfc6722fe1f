"""The version of qframe, which stands here alone, and the name of its distribution."""

__version__ = "0.1.0"

DISTRIBUTION = "qframe-datasets"
"""The name in package metadata. The command and the import are called `qframe`."""
