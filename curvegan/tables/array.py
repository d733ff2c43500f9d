"""Tables in numpy's files."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from curvegan.arrays import DAMAGED_ARRAY, AnyArray, texts
from curvegan.errors import CurveganError
from curvegan.tables.table import CELLS, TYPES, Kind


class Array:
    """An array of numbers, [n_rows, n_columns], whose columns are called 0, 1, ...

    In a .npz file it is the only array of two dimensions. An array `x` beside it, [n_columns],
    holds what its columns are called; others, [n_rows], are columns of their own, such as labels.
    A .npz file is read at once, a .npy file in parts.
    """

    def __init__(self, path: Path) -> None:
        """Raises CurveganError if the file is damaged, or holds something else than numbers."""
        self.path = path
        arrays: dict[str, AnyArray]
        try:
            # A mapping tells what a .npy file holds; but reading through it would end the process
            # if the file shrank meanwhile.
            loaded = np.load(path, mmap_mode="r", allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                arrays = {"": loaded}
            else:
                with loaded:
                    members = {name: loaded[name] for name in loaded.files}
                arrays = {n: held for n, held in members.items() if isinstance(held, np.ndarray)}
        except DAMAGED_ARRAY as error:
            if "allow_pickle" in str(error) or "Python objects" in str(error):
                raise CurveganError(
                    f"{path} holds Python objects, which are not read: save an array of numbers"
                ) from error
            raise CurveganError(f"{path} is damaged, save it again: {error}") from error
        tables = [name for name, array in arrays.items() if array.ndim == 2]
        if len(tables) != 1 or arrays[tables[0]].dtype.kind not in "iuf":
            held = ", ".join(
                f"{name} {array.dtype} {list(array.shape)}".strip()
                for name, array in arrays.items()
            )
            raise CurveganError(
                f"{path} holds {held or 'nothing'}: give one array of numbers with two dimensions, "
                "a row a curve"
            )
        self._rows = arrays.pop(tables[0])
        x = arrays.pop("x", np.arange(self._rows.shape[1]))
        if x.shape != self._rows.shape[1:]:
            raise CurveganError(
                f"{path}: x has the shape {list(x.shape)}, and a row has {self._rows.shape[1]} "
                "numbers: give an x for each"
            )
        for name, array in arrays.items():
            if array.shape != self._rows.shape[:1]:
                raise CurveganError(
                    f"{path}: {name} has the shape {list(array.shape)}, and there are "
                    f"{len(self._rows)} rows: give one for each, or leave the array out"
                )
        self._more = arrays
        points = self._texts("x", x)
        self._columns = {name: number for number, name in enumerate(points)}
        self.names = [*points, *arrays]

    def batches(self, kinds: Mapping[str, Kind]) -> Iterator[pa.RecordBatch]:
        """See `Table`."""
        size = max(1, CELLS // max(1, self._rows.shape[1]))
        for start in range(0, len(self._rows), size):
            part = slice(start, min(start + size, len(self._rows)))
            rows = self._read(part)
            columns = {name: self._column(name, kind, rows, part) for name, kind in kinds.items()}
            yield pa.RecordBatch.from_pydict(columns)

    def line_of(self, row: int) -> int | None:  # noqa: ARG002
        """See `Table`."""
        return None

    def _read(self, part: slice) -> AnyArray:
        mapped = self._rows
        if not isinstance(mapped, np.memmap) or not mapped.flags.c_contiguous:
            return mapped[part]
        width, count = mapped.shape[1], part.stop - part.start
        try:
            with self.path.open("rb") as file:
                file.seek(mapped.offset + part.start * width * mapped.itemsize)
                read = np.fromfile(file, mapped.dtype, count * width)
        except OSError as error:
            raise CurveganError(f"can't read {self.path}: {error.strerror}") from error
        if len(read) < count * width:
            raise CurveganError(f"{self.path} was cut while it was read: save it again")
        return read.reshape(count, width)

    def _column(self, name: str, kind: Kind, rows: AnyArray, part: slice) -> pa.Array:
        column = self._columns.get(name)
        cells = self._more[name][part] if column is None else rows[:, column]
        numeric = cells.dtype.kind in "iuf"
        if numeric and kind != "text":
            return pa.array(cells.astype(np.float64))
        if kind == "number":
            raise CurveganError(
                f"{self.path}: {name} holds {cells.dtype}, not numbers: convert it, or leave it out"
            )
        missing = np.isnan(cells) if cells.dtype.kind in "fM" else None
        return pa.array(self._texts(name, cells), TYPES["text"], mask=missing)

    def _texts(self, name: str, cells: AnyArray) -> list[str]:
        try:
            return texts(cells)
        except ValueError as error:
            raise CurveganError(
                f"{self.path}: {name} can't be read, {error}: convert it, or leave it out"
            ) from error
