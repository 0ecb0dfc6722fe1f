"""All benchmarks, one after the other, and the documents from those of the table of targets.

Best on a machine that does nothing else. About an hour, and 13 GB of disk; `--max 1e7` spares
ten minutes.

    python benchmarks/run_all.py               results, README and docs/performance.md
    python benchmarks/run_all.py --quick       targets alone, small, nothing is saved: do they work?
    python benchmarks/run_all.py --only writers
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from report import RESULTS

HERE = Path(__file__).parent
SCRIPTS = (
    "start_up",
    "generation",
    "reading",
    "rows_layout",
    "disk_share",
    "writers",
    "end_to_end",
    "scale",
)
"""Behind the table of targets."""

BESIDES = (
    "sampler_speed",
    "storage_options",
    "executors",
    "journal_modes",
    "against_simulators",
    "against_others",
)
"""Each writes a page of its own; libraries that are missing are named there, and left out."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--output", type=Path, help="directory on the disk to measure")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--max", type=float, default=1e8, help="records of the longest dataset")
    parser.add_argument(
        "--only", choices=SCRIPTS + BESIDES, action="append", help="may be repeated"
    )
    given = parser.parse_args()
    failed = []
    for script in given.only or (SCRIPTS if given.quick else SCRIPTS + BESIDES):
        print(f"== {script}", flush=True)
        command = [sys.executable, str(HERE / f"{script}.py"), "--repeats", str(given.repeats)]
        command += ["--quick"] if given.quick else ["--save"]
        if script in SCRIPTS:
            command += [] if given.quick else ["--results", str(given.results)]
            command += ["--output", str(given.output)] if given.output else []
        command += ["--max", str(given.max)] if script == "scale" else []
        if subprocess.run(command, check=False).returncode:
            failed.append(script)
    if not given.quick and given.results.resolve() == RESULTS.resolve():
        subprocess.run([sys.executable, str(HERE / "readme.py")], check=True)
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
