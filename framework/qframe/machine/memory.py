"""How much memory this process has used."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_bytes() -> int:
    """The most memory (resident set) that this process has had, in bytes.

    From `/proc` where there is one: `getrusage` begins at the parent's figure in a new process.
    """
    try:
        status = _STATUS.read_text()
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most << 10
    return int(status.partition("VmHWM:")[2].split(maxsplit=1)[0]) << 10


def forget_peak() -> None:
    """Lets the peak begin at what is used now, where the system can (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return
