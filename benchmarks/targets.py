"""What qframe promises of its speed: each target by the name that results report it under."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """One promise.

    Attributes:
        key: its name in the results.
        what: in words.
        sense: `>=` or `<=`.
        want: the figure.
        unit: what stands behind the figure.
        digits: of the measured figure.
    """

    key: str
    what: str
    sense: str
    want: float
    unit: str
    digits: int = 0

    def met(self, got: float) -> bool:
        return got >= self.want if self.sense == ">=" else got <= self.want

    def wanted(self) -> str:
        sign = {">=": "≥", "<=": "≤"}[self.sense]
        return f"{sign} {self.want:,.10g}{_behind(self.unit)}"

    def shown(self, got: float) -> str:
        return f"{got:,.{self.digits}f}{_behind(self.unit)}"


def _behind(unit: str) -> str:
    return unit if unit in ("x", "%", "/s") else f" {unit}" if unit else ""


TWENTY = "20 instructions"

TARGETS = (
    Target("end_to_end", "`qframe run` end to end, against the seed recipe", ">=", 1000, "x"),
    Target(
        "disk_share",
        "bytes/s landed in the SQLite file, over those of plain files from as many processes",
        ">=",
        0.6,
        "",
        2,
    ),
    Target(
        "rows_layout",
        "layout `rows`, one writer, over a C loop of one prepared INSERT per record",
        ">=",
        1.5,
        "x",
        2,
    ),
    Target("writers_generating", "two writers over one, generation-bound", ">=", 1.8, "x", 2),
    Target("writers_writing", "two writers over one, writer-bound", ">=", 0.95, "x", 2),
    Target("generation_numpy", "generation alone, a core, engine `numpy`", "<=", 150, "ns"),
    Target("generation_numba", "generation alone, a core, engine `numba`", "<=", 60, "ns"),
    Target("numpy_2", f"2 qubits, {TWENTY}: `numpy` over Qiskit and Cirq", ">=", 1000, "x"),
    Target("numpy_3", f"3 qubits, {TWENTY}: `numpy` over Qiskit and Cirq", ">=", 1000, "x"),
    Target("numba_2", f"2 qubits, {TWENTY}: `numba` over Qiskit and Cirq", ">=", 3000, "x"),
    Target("numba_3", f"3 qubits, {TWENTY}: `numba` over Qiskit and Cirq", ">=", 3000, "x"),
    Target(
        "scale_cost", "cost per record from 10^5 to 10^8 records: largest change", "<=", 10, "%"
    ),
    Target("scale_memory", "memory of a worker, at the most records", "<=", 150, "MB"),
    Target("read_batches", "read: batches of 1,024 shuffled by block, a core", ">=", 5e6, "/s"),
    Target("read_random", "read: `ds[i]` at random, warm", ">=", 20_000, "/s"),
    Target("start_help", "start: `qframe --help`, CPU", "<=", 0.3, "s", 2),
    Target("start_run", "start: `qframe run` of 1,000 records, CPU", "<=", 1.5, "s", 2),
)
