"""The limits that the system sets to this process (`ulimit`)."""

from __future__ import annotations

import os
import sys

from qframe.errors import QframeError

NUMPY_BYTES = 256 << 20
"""Address space that Python with NumPy needs; with less, OpenBLAS ends the process."""


def prepare_for_numpy() -> None:
    """Limits OpenBLAS to one thread, unless the user has said otherwise, before it is loaded.

    Its threads do nothing for qframe, which multiplies by itself. They take memory each, and
    OpenBLAS writes pages of its own where it may not start them. For the program, not the library.

    Raises:
        QframeError: the limit of the address space is too small for NumPy.
    """
    if "numpy" in sys.modules:
        return
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    limit = soft_limit("AS")
    if limit is not None and limit < NUMPY_BYTES:
        raise QframeError(
            f"out of memory: {limit_in_words('AS')} bytes, and NumPy needs {NUMPY_BYTES:,}",
            hint="raise the limit (`ulimit -v`)",
        )


def soft_limit(name: str) -> int | None:
    """The soft limit `RLIMIT_{name}`; None if there is none.

    Args:
        name: such as `NOFILE`, `AS` or `FSIZE`.
    """
    try:
        import resource
    except ImportError:  # Python may be built without it
        return None
    soft, _ = resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))
    return None if soft == resource.RLIM_INFINITY else soft


def limit_in_words(name: str) -> str:
    """The soft limit in words: `RLIMIT_NOFILE is 64`."""
    soft = soft_limit(name)
    return f"RLIMIT_{name} is {'not set' if soft is None else f'{soft:,}'}"
