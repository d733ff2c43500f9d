"""The rows of a long table, curve after curve."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curvegan.arrays import Float64Array, Int64Array
from curvegan.errors import CurveganError
from curvegan.tables import Kind, Table, place_of
from train.data.table.data_file import DataFile
from train.data.table.layouts.curves import words
from train.data.x_grid import Scale, values_of_texts

# Rows of one curve; more are hardly one.
_MAX_ROWS = 1_000_000

# What the columns of interest are called here: of which curve, x, y, class, the row's number.
_ID, _X, _Y, _LABEL, _ROW = "id", "x", "y", "label", "row"

_PER_SECOND = {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}
_FIRST_DATE, _LAST_DATE = (
    datetime(year, month, day, tzinfo=UTC).timestamp()
    for year, month, day in ((1, 1, 1), (9999, 12, 31))
)


class ApartError(CurveganError):
    """The rows of a curve do not stand together."""


@dataclass(frozen=True)
class Block:
    """All rows of some curves, each curve's in order of x.

    `x`, `y` (float64), `rows` (their numbers in the table) and `curves` (which curve of the block)
    are [n_rows]; `starts` and `ends` say where a curve's rows begin and end, [n_curves]; `names`
    and `labels`, strings, are what it is called and its class, None without classes.
    `second_labels` are the rows whose class is not that of the row before.
    """

    x: Float64Array
    y: Float64Array
    rows: Int64Array
    curves: Int64Array
    starts: Int64Array
    ends: Int64Array
    names: pa.Array
    labels: pa.Array | None
    second_labels: Int64Array

    @classmethod
    def of(cls, table: pa.RecordBatch) -> "Block":
        """Returns a block of the rows of a table with the columns of this module."""
        starts = _starts(table)
        curves = np.zeros(table.num_rows, np.int64)
        curves[starts[1:]] = 1
        curves = curves.cumsum()
        x = table.column(_X).to_numpy()
        order = np.lexsort((x, curves))
        has_labels = _LABEL in table.schema.names
        labels = table.column(_LABEL) if has_labels else None
        changes = np.zeros(0, np.int64)
        if labels is not None:
            codes = labels.dictionary_encode().indices.to_numpy()
            changes = 1 + np.flatnonzero((np.diff(codes) != 0) & (np.diff(curves) == 0))
        rows = table.column(_ROW).to_numpy()
        return cls(
            x[order],
            table.column(_Y).to_numpy()[order],
            rows[order],
            curves,
            starts,
            np.append(starts[1:], table.num_rows),
            table.column(_ID).take(pa.array(starts)),
            None if labels is None else labels.take(pa.array(starts)),
            rows[changes],
        )

    def name(self, curve: int) -> str:
        """Returns what a curve is called, quoted."""
        return repr(self.names[curve].as_py())


class GroupedRows:
    """A long table whose rows are read curve after curve, in a stream if they stand so."""

    def __init__(self, table: Table, asked: DataFile) -> None:
        columns = {
            _ID: asked.id_column,
            _X: asked.x_column,
            _Y: asked.y_column,
            _LABEL: asked.label_column,
        }
        self.columns = {ours: name for ours, name in columns.items() if name is not None}
        # What x is; known once something was read.
        self.scale: Scale = "number"
        self._table = table
        self._sorted: pa.Table | None = None

    def sort(self) -> None:
        """Reads the whole table into memory and sorts it by its curves."""
        self._sorted = pa.Table.from_batches(list(self._batches())).sort_by(_ID)

    def blocks(self) -> Iterator[Block]:
        """Yields all rows, whole curves at a time.

        Raises ApartError if the rows of a curve stand apart and the table was not sorted,
        CurveganError for a cell that says no curve, or no x.
        """
        names: list[pa.Array] = []
        n_names = n_compared = 0
        for table in self._whole_curves():
            block = Block.of(table)
            yield block
            names.append(block.names)
            n_names += len(block.names)
            if n_names >= 2 * n_compared:  # Seldom enough to cost little, soon enough to help.
                n_compared = n_names
                self._check_together(names, n_names)
        self._check_together(names, n_names)

    def _check_together(self, names: list[pa.Array], n_names: int) -> None:
        if names and self._sorted is None:
            n_distinct = pc.count_distinct(pa.chunked_array(names)).as_py()
            if n_distinct < n_names:
                raise ApartError(
                    f"{self._table.path}: rows of one curve stand apart: sort it by "
                    f"{self.columns[_ID]!r}"
                )

    def _whole_curves(self) -> Iterator[pa.RecordBatch]:
        batches = self._batches() if self._sorted is None else self._sorted.to_batches(2**19)
        rest: list[pa.RecordBatch] = []
        for batch in batches:
            whole = pa.concat_batches([*rest, batch])
            last = int(_starts(whole)[-1])
            if last:
                yield whole.slice(0, last)
            rest = [whole.slice(last)]
            if rest[0].num_rows > _MAX_ROWS:
                raise CurveganError(
                    f"{self._table.path}: the curve {whole.column(_ID)[last].as_py()!r} has more "
                    f"than {_MAX_ROWS} rows: is {self.columns[_ID]!r} the column that says which "
                    "curve a row is of?"
                )
        yield from rest

    def _batches(self) -> Iterator[pa.RecordBatch]:
        """Yields the table's rows, with the columns of this module."""
        kinds: dict[str, Kind] = {
            self.columns[_ID]: "text",
            self.columns[_X]: "any",
            self.columns[_Y]: "number",
        }
        if _LABEL in self.columns:
            kinds[self.columns[_LABEL]] = "text"
        before = 0
        for batch in self._table.batches(kinds):
            rows = np.arange(before, before + batch.num_rows) + 1
            before += batch.num_rows
            names = words(batch.column(self.columns[_ID]))
            x = self._x_of(batch.column(self.columns[_X]), first=rows[:1].tolist() == [1])
            self._check_there(_ID, pc.not_equal(names, "").to_numpy(zero_copy_only=False), rows)
            self._check_there(_X, np.isfinite(x), rows)
            columns = {
                _ID: names,
                _X: pa.array(x),
                _Y: pc.fill_null(batch.column(self.columns[_Y]), np.nan),
                _ROW: pa.array(rows),
            }
            if _LABEL in self.columns:
                columns[_LABEL] = words(batch.column(self.columns[_LABEL]))
            if batch.num_rows:
                yield pa.RecordBatch.from_pydict(columns)

    def _x_of(self, column: pa.Array, first: bool) -> Float64Array:
        found = _x_values(column)
        if found is None or (not first and found[1] != self.scale):
            raise CurveganError(
                f"{self._table.path}, column {self.columns[_X]!r} holds {_kind(column)}: give "
                "numbers, dates (2030-01-31) or times (08:30) alone"
            )
        x, self.scale = found
        if self.scale == "date" and ((x < _FIRST_DATE) | (x > _LAST_DATE)).any():
            raise CurveganError(
                f"{self._table.path}, column {self.columns[_X]!r} holds {column.type} outside the "
                "years 1 to 9999: write its dates in the unit that they are in"
            )
        return x

    def _check_there(self, column: str, there: np.ndarray, rows: Int64Array) -> None:
        if not there.all():
            raise CurveganError(
                f"{place_of(self._table, int(rows[np.argmin(there)]))}, column "
                f"{self.columns[column]!r}: the cell is missing or not finite, give it or remove "
                "the row"
            )


def _starts(table: pa.RecordBatch) -> Int64Array:
    """Returns where the rows of another curve begin."""
    codes = table.column(_ID).dictionary_encode().indices.to_numpy()
    return np.append(0, 1 + np.flatnonzero(np.diff(codes)))


def _x_values(column: pa.Array) -> tuple[Float64Array, Scale] | None:
    """Returns a column of x, and their scale; NaN where one is missing, None if it holds other
    things than numbers, dates and times."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    found = column.type
    if pa.types.is_temporal(found) and not pa.types.is_duration(found):
        if pa.types.is_date(found):
            column = column.cast(pa.timestamp("ms"))
        whole = column.cast(pa.int32() if column.type.bit_width == 32 else pa.int64())
        counted = whole.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return counted / _PER_SECOND[column.type.unit], "time" if pa.types.is_time(
            found
        ) else "date"
    if pa.types.is_string(found) or pa.types.is_large_string(found):
        texts = column.dictionary_encode()
        read = values_of_texts(texts.dictionary.to_pylist())
        if read is None:
            return None
        values, scale = read
        of_each = pc.take(pa.array(values), texts.indices)
        return of_each.to_numpy(zero_copy_only=False), scale
    if pa.types.is_integer(found) or pa.types.is_floating(found) or pa.types.is_decimal(found):
        return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), "number"
    return None


def _kind(column: pa.Array) -> str:
    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    return f"{column.type} such as {column[0].as_py()!r}" if is_text else str(column.type)
