"""HDF5 through h5py."""

from __future__ import annotations

from collections.abc import Sequence

import h5py

from others.library import BLOCK, Batch, Spans, columns
from qframe import Block


class Hdf5(Spans):
    """Two chunked datasets in one file."""

    name = "HDF5 (h5py)"
    distribution = "h5py"
    how = "two datasets in one file, chunks of 4,096 records, no compression, no checksums"
    why = (
        "each byte is written once and nothing is hashed; qframe hashes every block (SHA-256, "
        "about 48 ns a record), and SQLite writes each byte into the log and then into the file. "
        "What is missing: a file that is cut while it is written may not open again"
    )

    def write(self, blocks: Sequence[Block]) -> None:
        codes, unitaries = columns(blocks[0])
        with h5py.File(self.directory / "data.h5", "w") as file:
            made = [
                file.create_dataset(
                    name,
                    (self.records, *array.shape[1:]),
                    array.dtype,
                    chunks=(min(BLOCK, self.records), *array.shape[1:]),
                )
                for name, array in (("codes", codes), ("unitaries", unitaries))
            ]
            for k, block in enumerate(blocks):
                for dataset, array in zip(made, columns(block), strict=True):
                    dataset[k * BLOCK : k * BLOCK + block.records] = array

    def open(self) -> None:
        self._file = h5py.File(self.directory / "data.h5", "r")
        self._codes, self._unitaries = self._file["codes"], self._file["unitaries"]

    def span(self, start: int, stop: int) -> Batch:
        return self._codes[start:stop], self._unitaries[start:stop]

    def close(self) -> None:
        self._file.close()
