"""Reading gates from a folder of matrix files; a file's name without its ending names the gate.

`NAME.txt` is a file that `np.savetxt(path, matrix)` writes of a complex matrix and
`np.loadtxt(path, dtype=complex)` reads: rows of `(re+imj)`, `re+imj` or plain numbers; `#` starts a
comment. `NAME.npy` is a file that `np.save` writes; pickles are never read. The size of the matrix
says how many qubits the gate acts on. Hidden files and `*.md` are ignored. Any other file is an
error: a gate that was left out silently would make another dataset.
"""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from qframe import ConfigError, Gate, read_regular

GATE_NAME = "[A-Za-z_][A-Za-z0-9_]{0,59}"
"""Regular expression of the names that a user's gate may have."""

MAX_FILE_BYTES = 1 << 20
"""Bytes of the largest file that is read; a 64 x 64 matrix is at most 250 kB of text."""


def read_folder(folder: Path) -> list[Gate]:
    """The gates of a folder, sorted by name.

    Raises:
        ConfigError: the folder or a file cannot be read as gates; names it.
    """
    try:
        files = sorted(path for path in folder.iterdir() if not _ignored(path))
    except OSError as cause:
        raise ConfigError(
            f"folder {folder}: {cause.strerror}",
            hint="a relative path starts at the directory of the YAML",
        ) from None
    if not files:
        raise ConfigError(f"folder {folder} has no .txt or .npy file")
    gates: dict[str, Gate] = {}
    for path in files:
        if path.suffix not in (".txt", ".npy") or not re.fullmatch(GATE_NAME, path.stem):
            raise ConfigError(
                f"{path} is not a gate: want NAME.txt or NAME.npy, "
                "NAME of letters, digits and underscores"
            )
        if path.stem in gates:
            first = next(other.name for other in files if other.stem == path.stem)
            raise ConfigError(
                f"folder {folder} has two files for gate {path.stem!r}: {first} and {path.name}",
                hint="remove one, or give it another name",
            )
        gates[path.stem] = _read(path)
    return [gates[name] for name in sorted(gates)]


def _ignored(path: Path) -> bool:
    return path.name.startswith(".") or path.suffix == ".md"


def _read(path: Path) -> Gate:
    try:
        content = read_regular(path, MAX_FILE_BYTES)
    except OSError as cause:
        raise ConfigError(f"{path}: {cause.strerror}, want one small matrix") from None
    try:
        matrix: Any
        if path.suffix == ".npy":
            matrix = np.load(io.BytesIO(content), allow_pickle=False)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of an empty file, whose shape is refused below
                matrix = np.loadtxt(io.BytesIO(content), dtype=np.complex128, ndmin=2)
    except (OSError, ValueError, EOFError) as cause:
        raise ConfigError(f"{path} cannot be read as a matrix: {cause}") from None
    try:
        return Gate(path.stem, matrix)
    except ConfigError as cause:
        raise ConfigError(f"{path}: {cause.message}", hint=cause.hint) from None
