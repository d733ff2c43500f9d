"""What a table is, whatever file it is in."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curvegan.errors import CurveganError

# What the cells of a column are wanted as: numbers as float64, text as strings, and anything, such
# as dates, as the file has it.
Kind = Literal["number", "text", "any"]
TYPES: Mapping[Kind, pa.DataType] = {"number": pa.float64(), "text": pa.string()}

# Cells that are read at once.
CELLS = 2 * 2**20


class Table(Protocol):
    """A table in a file. Rows count from 1; a header is none of them."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def names(self) -> list[str]:
        """What the columns are called; no name is there twice."""

    def batches(self, kinds: Mapping[str, Kind]) -> Iterator[pa.RecordBatch]:
        """Yields all rows, some at a time, with the columns of `kinds`. A missing number is null or
        NaN, missing text is null or empty.

        Raises CurveganError for a cell, or a column, that is of another kind, and for a file that
        is damaged.
        """

    def line_of(self, row: int) -> int | None:
        """Returns the number of a row's line in a file of text, from 1; None in another."""


def numbers(batch: pa.RecordBatch, names: list[str]) -> npt.NDArray[np.float64]:
    """Returns columns of numbers as float64 [n_rows, len(names)], NaN where one is missing."""
    rows = np.empty((batch.num_rows, len(names)))
    for column, name in enumerate(names):
        rows[:, column] = batch.column(name).to_numpy(zero_copy_only=False)
    return rows


def place_of(table: Table, row: int) -> str:
    """Returns how messages name a row, from 1."""
    line = table.line_of(row)
    return f"{table.path}, row {row}" + (f" (line {line})" if line else "")


def check_columns(table: Table, names: Iterable[str]) -> None:
    """Raises CurveganError unless the table has columns of these names."""
    for name in names:
        if name not in table.names:
            known = ", ".join(repr(known[:40]) for known in table.names[:20])
            known += ", ..." * (len(table.names) > 20)
            raise CurveganError(f"{table.path} has no column {name!r}: it has {known}")
