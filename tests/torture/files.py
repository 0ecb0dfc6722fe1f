"""One million files, one a matrix."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from tempfile import mkdtemp

import yaml

import qframe
from tests.torture.results import Result


def files(records: int) -> Result:
    """Stores so many records with `savetxt`, counts the entries of each directory, reads some."""
    start = time.monotonic()
    directory = Path(mkdtemp(prefix="qframe-files-"))
    config = directory / "c.yaml"
    data = {
        "records": records,
        "output": str(directory / "out"),
        "gate_set": {"plugin": "clifford_t", "qubits": 1},
        "sampler": {"plugin": "uniform", "length": 20},
        "storage": "savetxt",
    }
    config.write_text(yaml.safe_dump(data))
    result = Result("savetxt", f"{records:,} files")
    try:
        qframe.run(config)
        entries = [len(d) + len(f) for _, d, f in os.walk(directory / "out")]
        result.found = f"{len(entries):,} directories, at most {max(entries):,} entries in one"
        result.failures += [] if max(entries) <= 1000 else [result.found]
        with qframe.open(directory / "out") as stored, qframe.open(config) as computed:
            for record in range(0, records, max(1, records // 1000)):
                if stored[record].unitary.tobytes() != computed[record].unitary.tobytes():
                    result.failures.append(f"record {record} is another")
    finally:
        shutil.rmtree(directory)
    result.seconds = time.monotonic() - start
    return result
