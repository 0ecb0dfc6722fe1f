"""Starting a worker process: what it inherits, and what is said where it cannot be started.

Not by `multiprocessing`. That imports the caller's `__main__` into each worker, which goes wrong
for a script without a main guard and for one from stdin. And it refuses to work in a daemonic
process, such as a worker of a `multiprocessing.Pool`, of joblib or of Dask.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.connection import Connection, Pipe
from multiprocessing.spawn import get_command_line

from qframe import WorkerError
from qframe_plugins.executors._processes.worker_main import STOPPING

THREAD_LIMITS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)

KEEPS_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(1 << 30), "MALLOC_MMAP_THRESHOLD_": str(1 << 25)}
"""Environment of a worker: glibc then keeps freed memory in the process. It reads these at start.

A worker frees its arrays and SQLite's pages after every task, and allocates as many for the next.
If glibc gave them back, the kernel would hand them out again page by page, zeroed. That takes a
sixth of the CPU time of two writers (measured).
"""

CODE = """\
import sys
sys.path[:] = {path}
from qframe_plugins.executors._processes.worker_main import main
main({pipe}, {lifeline})
"""


class Lifeline:
    """A pipe that ends when this process ends: each worker has one end of it.

    Attributes:
        reader: file descriptor of the workers' end.
    """

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe()

    def close(self) -> None:
        """Ends the workers that still run."""
        os.close(self._writer)
        os.close(self.reader)


def start_worker(lifeline: Lifeline) -> tuple[subprocess.Popen[bytes], Connection]:
    """Starts a worker process; returns it and this process's end of the pipe to it.

    Raises:
        WorkerError: it cannot be started; names the limit of the system that forbids it.
    """
    try:
        ours, theirs = Pipe()
        try:
            return _started(theirs.fileno(), lifeline.reader), ours
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()  # then the pipe ends when the worker's copy is closed
    except OSError as cause:
        raise _cannot_start(cause) from None


def _started(pipe: int, lifeline: int) -> subprocess.Popen[bytes]:
    path = ascii([entry for entry in sys.path if isinstance(entry, str)])
    *interpreter, _, _ = get_command_line()  # without multiprocessing's program and its option
    with ExitStack() as stack, _signals_blocked():
        inherited = [_copied(fd, stack) for fd in (pipe, lifeline)]
        code = CODE.format(path=path, pipe=inherited[0], lifeline=inherited[1])
        return subprocess.Popen(  # noqa: S603 - this interpreter, and code of ours
            [*interpreter, code],
            stdin=subprocess.DEVNULL,
            stdout=_inherited_stream(1),
            stderr=_inherited_stream(2),
            pass_fds=inherited,
            env=worker_environment(),
        )


def _copied(fd: int, stack: ExitStack) -> int:
    """A copy that `stack` closes. It is not a standard stream, also where those are closed here."""
    copy = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
    stack.callback(os.close, copy)
    return copy


def worker_environment() -> dict[str, str]:
    """The environment of a worker: one thread for BLAS and its like, and memory that is kept."""
    return {**KEEPS_MEMORY, **os.environ, **dict.fromkeys(THREAD_LIMITS, "1")}


def _inherited_stream(fd: int) -> int | None:
    """A standard stream is shared. A closed one is not: the next file would take its place."""
    try:
        os.fstat(fd)
    except OSError:
        return subprocess.DEVNULL
    return None


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Blocks signals for the process that is started meanwhile, until it handles them itself."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _cannot_start(cause: OSError) -> WorkerError:
    what, hint = f"{cause.strerror}", "use fewer --workers, or --set executor=threads"
    if cause.errno in (errno.EMFILE, errno.ENFILE):
        what = f"this process has too many files open ({_limit('NOFILE')})"
        hint = f"raise the limit with `ulimit -n`, or {hint}"
    elif cause.errno == errno.EAGAIN:
        what = f"this user or container has too many processes and threads ({_limit('NPROC')})"
        hint = f"raise the limit with `ulimit -u`, or {hint}"
    elif cause.errno == errno.ENOMEM:
        what = f"there is no memory for another process ({_limit('AS')})"
    return WorkerError(f"a worker process cannot be started: {what}", hint=hint)


def _limit(name: str) -> str:
    """A limit of this process in words: `RLIMIT_NOFILE is 64`."""
    with suppress(ImportError):
        import resource

        soft, _ = resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))
        return f"RLIMIT_{name} is {'not set' if soft == resource.RLIM_INFINITY else f'{soft:,}'}"
    return f"RLIMIT_{name}"
