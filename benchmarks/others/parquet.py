"""Parquet through pyarrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from others.library import BLOCK, Batch, Spans, columns
from qframe import Block


class Parquet(Spans):
    """One file, a row group a block, columns of fixed-size binaries."""

    name = "Parquet (pyarrow)"
    distribution = "pyarrow"
    how = "one file, row groups of 4,096, fixed-size binary columns, no compression, no dictionary"
    why = (
        "each byte is written once and nothing is hashed, against a SHA-256 for every block and a "
        "log in qframe; reads are views of a mapped file. What is missing: the footer comes last, "
        "so a file that is cut while it is written is lost, and nothing can be added to one"
    )

    def write(self, blocks: Sequence[Block]) -> None:
        first = [self._column(array) for array in columns(blocks[0])]
        schema = pa.schema([("codes", first[0].type), ("unitaries", first[1].type)])
        path = self.directory / "data.parquet"
        with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
            for block in blocks:
                arrays = [self._column(array) for array in columns(block)]
                writer.write_batch(pa.record_batch(arrays, schema=schema))

    def _column(self, array: NDArray[Any]) -> Any:
        width = array[0].nbytes
        buffers = [None, pa.py_buffer(np.ascontiguousarray(array))]
        return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(array), buffers)

    def open(self) -> None:
        self._file = pq.ParquetFile(self.directory / "data.parquet", memory_map=True)

    def span(self, start: int, stop: int) -> Batch:
        group, inside = divmod(start, BLOCK)
        table = self._file.read_row_group(group, use_threads=False).combine_chunks()
        table = table.slice(inside, stop - start)
        codes, matrices = (self._array(table.column(k).chunk(0)) for k in (0, 1))
        dim = round((matrices.shape[1] / 16) ** 0.5)
        return codes, matrices.view(np.complex128).reshape(-1, dim, dim)

    def _array(self, column: Any) -> NDArray[Any]:
        width = column.type.byte_width
        data = np.frombuffer(column.buffers()[1], np.uint8)
        return data[column.offset * width :][: len(column) * width].reshape(-1, width)

    def close(self) -> None:
        self._file.close()
