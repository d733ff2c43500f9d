"""The files of parts: Parquet, with seeds, curves and labels, or npy, the curves alone.

Nothing in them depends on when, where or by whom they were written.
"""

import io
from collections.abc import Iterable, Iterator
from typing import IO, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from curvegan.arrays import Float32Array, Int64Array
from curvegan.errors import CurveganError
from curvegan.generate.bulk.curve_set import CurveSet, FileFormat, Part

# Curves are computed, written and read in this many pieces of a whole part. In Parquet each is a
# row group, which readers read side by side.
_PIECES = 8

METADATA = b"curvegan"

# Unbroken seeds, int64 [n], and their curves, float32 [n, n_points].
Rows = tuple[Int64Array, Float32Array]


class DamagedError(CurveganError):
    """A file that is not a part of the set, or not a whole one; the text says why."""


class PartFile(Protocol):
    """How parts are written and read; `file` is always at its beginning."""

    def write(self, file: IO[bytes] | pa.NativeFile, part: Part, pieces: Iterable[Rows]) -> None:
        """Writes the curves of all seeds of `part`, which come in `pieces`."""

    def check(self, file: pa.NativeFile, part: Part) -> None:
        """Raises DamagedError unless the file is this part of this set, by its metadata and size.
        What it holds is not read."""

    def read(self, file: pa.NativeFile, part: Part) -> Iterator[Rows]:
        """Yields what the file holds. Raises DamagedError if that is not the curves of `part`."""


def part_file(curve_set: CurveSet) -> PartFile:
    """Returns how the parts of a set are written and read."""
    kinds: dict[FileFormat, type[_Parquet | _Npy]] = {"parquet": _Parquet, "npy": _Npy}
    return kinds[curve_set.file_format](curve_set)


def pieces_of(curve_set: CurveSet, part: Part) -> Iterator[Int64Array]:
    """Yields the seeds of a part, int64 [n], in pieces."""
    size = _rows_in_a_piece(curve_set)
    first, last = part.seeds[0], part.seeds[-1]
    for start in range(first, last + 1, size):
        # From an end that int64 holds.
        yield start + np.arange(min(size, last - start + 1), dtype=np.int64)


class _Parquet:
    def __init__(self, curve_set: CurveSet) -> None:
        self._rows = _rows_in_a_piece(curve_set)
        value = pa.field("element", pa.float32(), nullable=False)
        columns = {"seed": pa.int64(), "curve": pa.list_(value, curve_set.n_points)}
        if curve_set.labels:
            columns["label"] = pa.dictionary(pa.int32(), pa.string())
        self._schema = pa.schema(
            [pa.field(name, kind, nullable=False) for name, kind in columns.items()],
            {METADATA: curve_set.to_json()},
        )

    def write(self, file: IO[bytes] | pa.NativeFile, part: Part, pieces: Iterable[Rows]) -> None:
        with pq.ParquetWriter(
            file,
            self._schema,
            # Noise hardly packs: zstd takes 12 % off the bytes, for 40 % more time.
            compression="NONE",
            use_dictionary=["label"],
            column_encoding={"seed": "DELTA_BINARY_PACKED"},
            write_statistics=["seed", "label"],
            write_page_checksum=True,
        ) as writer:
            for seeds, curves in pieces:
                columns = [
                    pa.array(seeds),
                    pa.FixedSizeListArray.from_arrays(
                        pa.array(curves.ravel()), type=self._schema.field("curve").type
                    ),
                ]
                if part.label is not None:
                    indices = pa.array(np.zeros(len(seeds), np.int32))
                    columns.append(pa.DictionaryArray.from_arrays(indices, [part.label]))
                batch = pa.RecordBatch.from_arrays(columns, schema=self._schema)
                writer.write_batch(batch, row_group_size=self._rows)

    def check(self, file: pa.NativeFile, part: Part) -> None:
        opened = self._open(file)
        if not opened.schema_arrow.equals(self._schema, check_metadata=True):
            raise DamagedError("is of another set: its columns or its metadata differ")
        _check_count(opened.metadata.num_rows, part)

    def read(self, file: pa.NativeFile, part: Part) -> Iterator[Rows]:
        try:
            for batch in self._open(file).iter_batches(self._rows):
                if part.label is not None:
                    labels = batch.column("label").unique().to_pylist()
                    if labels != [part.label]:
                        raise DamagedError(f"has the labels {labels}")
                curves = batch.column("curve").flatten().to_numpy()
                yield batch.column("seed").to_numpy(), curves.reshape(batch.num_rows, -1)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(error) from error

    def _open(self, file: pa.NativeFile) -> pq.ParquetFile:
        try:
            # Without reading ahead, which keeps all that was read in memory.
            return pq.ParquetFile(file, pre_buffer=False, page_checksum_verification=True)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(error) from error


class _Npy:
    def __init__(self, curve_set: CurveSet) -> None:
        self._set = curve_set
        self._row_bytes = 4 * curve_set.n_points

    def write(self, file: IO[bytes] | pa.NativeFile, part: Part, pieces: Iterable[Rows]) -> None:
        file.write(self._header(part))
        for _, curves in pieces:
            file.write(curves.astype("<f4", copy=False).data)

    def check(self, file: pa.NativeFile, part: Part) -> None:
        header = self._header(part)
        if file.read(len(header)) != header:
            raise DamagedError(f"does not begin as {len(part.seeds)} curves do")
        _check_count((file.size() - len(header)) / self._row_bytes, part)

    def read(self, file: pa.NativeFile, part: Part) -> Iterator[Rows]:
        file.seek(len(self._header(part)))
        for seeds in pieces_of(self._set, part):
            values = np.frombuffer(file.read(len(seeds) * self._row_bytes), "<f4")
            yield seeds, values.reshape(len(seeds), -1)

    def _header(self, part: Part) -> bytes:
        header = io.BytesIO()
        shape = (len(part.seeds), self._set.n_points)
        np.lib.format.write_array_header_1_0(
            header, {"descr": "<f4", "fortran_order": False, "shape": shape}
        )
        return header.getvalue()


def _rows_in_a_piece(curve_set: CurveSet) -> int:
    return max(1, curve_set.seeds_per_part // _PIECES)


def _check_count(n_rows: float, part: Part) -> None:
    if n_rows != len(part.seeds):
        raise DamagedError(f"holds {n_rows:g} curves instead of {len(part.seeds)}")


def _unreadable(error: Exception) -> DamagedError:
    return DamagedError(f"can't be read: {' '.join(str(error).split())}")
