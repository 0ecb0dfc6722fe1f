"""The peak memory of this process."""

from __future__ import annotations

import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_bytes() -> int:
    """The largest memory (resident set) that this process has had, in bytes; 0: not known.

    Read from `/proc` where the system has it, because the figure of `getrusage` begins at the
    parent's peak in a new process.
    """
    try:
        status = _STATUS.read_text()
    except OSError:
        try:
            import resource
        except ImportError:  # Python may be built without it
            return 0
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak << 10
    return int(status.partition("VmHWM:")[2].split(maxsplit=1)[0]) << 10


def forget_peak() -> None:
    """Sets the peak to what is used now, on Linux; elsewhere it does nothing."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return
