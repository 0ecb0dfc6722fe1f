"""The contract kit over every built-in executor."""

from __future__ import annotations

from typing import Any, ClassVar

from qframe.testing import ExecutorContract
from qframe_plugins.executors.processes import Processes
from qframe_plugins.executors.serial import Serial
from qframe_plugins.executors.threads import Threads


class TestSerial(ExecutorContract):
    plugin = Serial


class TestSerialIntoTextFiles(ExecutorContract):
    plugin = Serial
    storage = ("savetxt", {})


class TestProcesses(ExecutorContract):
    plugin = Processes
    options: ClassVar[dict[str, Any]] = {"workers": 2}


class TestThreads(ExecutorContract):
    plugin = Threads
    options: ClassVar[dict[str, Any]] = {"workers": 3}


class TestThreadsIntoTextFiles(ExecutorContract):
    plugin = Threads
    options: ClassVar[dict[str, Any]] = {"workers": 2}
    storage = ("savetxt", {})
