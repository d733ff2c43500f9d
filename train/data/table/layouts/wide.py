"""Tables with a row a curve, a column a point."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from curvegan.arrays import Float64Array
from curvegan.errors import CurveganError
from curvegan.tables import Kind, Table, check_columns, numbers, place_of
from train.data.table.data_file import DataFile, check_text
from train.data.table.layouts.curves import Curves, Tally, settled, words
from train.data.x_grid import XGrid, check_increasing, even_grid, grid_in_file, grid_of_texts
from train.recipes import MAX_N_POINTS


class Wide:
    """The curves of a wide table."""

    def __init__(self, table: Table, asked: DataFile) -> None:
        """Raises CurveganError if the columns can't be points."""
        self._table = table
        self._asked = asked
        others = [name for name in (asked.id_column, asked.label_column) if name is not None]
        check_columns(table, others)
        self._points = [name for name in table.names if name not in others]
        self._check_points()
        self._read_grid = self._find_grid()
        self.grid = self._read_grid
        if asked.resample:
            x = self._read_grid.values
            even = even_grid(
                x[0], x[-1], asked.resample, f"{table.path}, resampled", "give x that differ more"
            )
            self.grid = replace(self._read_grid, values=even, point_names=())

    def curves(self, tally: Tally) -> Iterator[Curves]:
        """See `Layout`."""
        label_column = self._asked.label_column
        kinds: dict[str, Kind] = dict.fromkeys(self._points, "number")
        if label_column is not None:
            kinds[label_column] = "text"
        for batch in self._table.batches(kinds):
            curves = Curves(
                numbers(batch, self._points),
                None if label_column is None else words(batch.column(label_column)),
                partial(self._place, tally.rows),
            )
            tally.rows += batch.num_rows
            tally.curves += batch.num_rows
            whole = settled(curves, self._read_grid.values, self._asked.missing, tally.dropped)
            if self._asked.resample:
                values = _interpolated(whole.values, self._read_grid.values, self.grid.values)
                whole = Curves(values, whole.labels, whole.place)
            yield whole

    def _place(self, before: int, curve: int, point: int | None) -> str:
        """Returns where a number of a curve stands, or its label, after `before` rows."""
        column = self._asked.label_column if point is None else self._points[point]
        return f"{place_of(self._table, before + curve + 1)}, column {column!r}"

    def _check_points(self) -> None:
        path, n_points = self._table.path, len(self._points)
        most = np.inf if self._asked.resample else MAX_N_POINTS
        if n_points < 2:
            raise CurveganError(
                f"{path} has {n_points} columns of points: a curve needs at least 2; for a table "
                "with a row a point give --id-column, --x-column and --y-column"
            )
        if n_points > most:
            raise CurveganError(
                f"{path} has {n_points} columns of points: at most {MAX_N_POINTS}; --resample N "
                "interpolates at fewer"
            )
        if "" in self._points:
            raise CurveganError(
                f"{path}, column {self._table.names.index('') + 1} has no name: give it one, or "
                "leave it out if it is not a point but pandas' index"
            )
        for name in self._points:
            check_text(f"{path}: the name of a column", name)

    def _find_grid(self) -> XGrid:
        path, n_points = self._table.path, len(self._points)
        if self._asked.x:
            return grid_in_file(Path(self._asked.x), n_points)
        header = grid_of_texts(self._points)
        if header is None:
            self._check_mixed()
            return XGrid(np.arange(n_points, dtype=np.float64), point_names=tuple(self._points))
        check_increasing(
            header,
            lambda point: f"{path}, column {self._points[point]!r} of the header",
            "add a header if the file begins with a curve, or put the columns in order",
        )
        return replace(header, in_first_line=self._table.line_of(1) is not None)

    def _check_mixed(self) -> None:
        """Raises CurveganError for a column with a name among columns of numbers or dates, which
        is hardly a point."""
        words = [name for name in self._points if grid_of_texts([name]) is None]
        if len(words) <= len(self._points) // 2:
            raise CurveganError(
                f"{self._table.path}, column {words[0]!r} stands among columns whose names say x: "
                "leave it out with --id-column, or name it with --label-column if it holds classes"
            )


def _interpolated(curves: Float64Array, x: Float64Array, at: Float64Array) -> Float64Array:
    """Returns curves at `x`, float64 [n, len(x)], at other values of x: [n, len(at)]."""
    left = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    share = (at - x[left]) / (x[left + 1] - x[left])
    between: Float64Array = curves[:, left] * (1 - share) + curves[:, left + 1] * share
    return between
