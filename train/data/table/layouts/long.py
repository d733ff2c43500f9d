"""Tables with a row a point: columns for the curve, x and y."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from curvegan.arrays import Float64Array
from curvegan.errors import CurveganError
from curvegan.tables import Table, check_columns, place_of
from train.data.table.data_file import DataFile
from train.data.table.layouts.curves import Curves, Tally, missing_number, settled
from train.data.table.layouts.grouped_rows import ApartError, Block, GroupedRows
from train.data.x_grid import XGrid, check_increasing, even_grid, grid_of_values, written
from train.recipes import MAX_N_POINTS


class Long:
    """The curves of a long table."""

    def __init__(self, table: Table, asked: DataFile) -> None:
        """Looks the whole table over. Raises CurveganError if it holds no curves."""
        self._table = table
        self._asked = asked
        self._rows = GroupedRows(table, asked)
        check_columns(table, self._rows.columns.values())
        try:
            self._x, self._first_name = self._find_x()
        except ApartError:
            self._rows.sort()
            self._x, self._first_name = self._find_x()
        assert asked.x_column
        grid = grid_of_values(self._x, self._rows.scale, asked.x_column)
        check_increasing(grid, lambda point: f"{table.path}, point {point + 1} of a curve")
        self.grid = XGrid(grid.values, grid.name) if asked.resample else grid

    def curves(self, tally: Tally) -> Iterator[Curves]:
        """See `Layout`."""
        for block in self._rows.blocks():
            tally.rows += len(block.x)
            tally.curves += len(block.starts)
            self._check(block)
            if self._asked.resample:
                curves = self._resampled(block)
            else:
                self._check_same_x(block)
                y = block.y.reshape(-1, len(self._x))
                curves = Curves(y, block.labels, partial(self._place, block))
            yield settled(curves, self._x, self._asked.missing, tally.dropped)

    def _find_x(self) -> tuple[Float64Array, str]:
        """Returns the x of the curves as they are read, and what the first curve is called: the
        first curve's, or equally spaced ones that all have in common."""
        path, first, name = self._table.path, np.zeros(0), ""
        latest_start, soonest_end = (-np.inf, ""), (np.inf, "")
        for block in self._rows.blocks():
            if not len(first):
                first, name = block.x[: block.ends[0]], block.name(0)
            starts, ends = block.x[block.starts], block.x[block.ends - 1]
            latest, soonest = int(np.argmax(starts)), int(np.argmin(ends))
            latest_start = max(latest_start, (float(starts[latest]), block.name(latest)))
            soonest_end = min(soonest_end, (float(ends[soonest]), block.name(soonest)))
        if self._asked.resample:
            start, end = latest_start[0], soonest_end[0]
            if start > end:
                raise CurveganError(
                    f"{path}: the curve {soonest_end[1]} ends where {latest_start[1]} has not "
                    "begun, so that they have no x in common: leave one of them out"
                )
            if start == end:
                raise CurveganError(
                    f"{path}: the curves {soonest_end[1]} and {latest_start[1]} have a single x in "
                    "common: leave out those of one point, and those that only touch"
                )
            x = even_grid(
                start, end, self._asked.resample, f"{path}, resampled", "give x that differ more"
            )
            return x, name
        if not 2 <= len(first) <= MAX_N_POINTS:
            raise CurveganError(
                f"{path}: the curve {name or 'that is first'} has {len(first)} points, where 2 to "
                f"{MAX_N_POINTS} are needed: does {self._asked.id_column!r} say which curve a row "
                "is of? --resample N interpolates at N points"
            )
        return first, name

    def _check(self, block: Block) -> None:
        """Raises CurveganError for a curve with two y at one x, or of two classes."""
        twice = (np.diff(block.x) == 0) & (np.diff(block.curves) == 0)
        if twice.any():
            row = int(np.argmax(twice)) + 1
            raise CurveganError(
                f"{place_of(self._table, int(block.rows[row]))}: the curve "
                f"{block.name(int(block.curves[row]))} has another y at the same x, remove one"
            )
        if len(block.second_labels):
            raise CurveganError(
                f"{place_of(self._table, int(block.second_labels[0]))}, column "
                f"{self._asked.label_column!r}: the curve has another label in the row before, "
                "give all of its rows the same one"
            )

    def _check_same_x(self, block: Block) -> None:
        """Raises CurveganError for a curve at other x than the first one."""
        lengths = block.ends - block.starts
        odd = lengths != len(self._x)
        if not odd.any():
            odd = (block.x.reshape(-1, len(self._x)) != self._x).any(axis=1)
        if odd.any():
            curve = int(np.argmax(odd))
            x = block.x[block.starts[curve] : block.ends[curve]]
            if len(x) == len(self._x):
                point = int(np.argmax(x != self._x))
                found, first = (written(each, self._rows.scale) for each in (x, self._x))
                differ = f"x {found[point]}, not {first[point]}"
            else:
                differ = f"{len(x)} points, not {len(self._x)}"
            raise CurveganError(
                f"{place_of(self._table, int(block.rows[block.starts[curve]]))}: the curve "
                f"{block.name(curve)} has other x than the curve {self._first_name} ({differ}); "
                "--resample N interpolates all of them at N points"
            )

    def _resampled(self, block: Block) -> Curves:
        """Returns the curves of a block at the common x; NaN for those that can't be: with
        missing cells that are not to be interpolated, or with one known cell."""
        place = partial(self._place, block)
        known = np.isfinite(block.y)
        if not known.all() and self._asked.missing is None:
            row = int(np.argmin(known))
            curve = int(block.curves[row])
            point = row - int(block.starts[curve])
            raise missing_number(place(curve, point), block.y[row])
        values = np.full((len(block.starts), len(self._x)), np.nan)
        for curve, (start, end) in enumerate(zip(block.starts, block.ends, strict=True)):
            there = known[start:end]
            if there.all() or (self._asked.missing == "interpolate" and there.sum() >= 2):
                x, y = block.x[start:end][there], block.y[start:end][there]
                values[curve] = np.interp(self._x, x, y)
        # A point is no longer a row: the curve's first one stands for it.
        return Curves(
            values, block.labels, lambda curve, point: self._place(block, curve, point and 0)
        )

    def _place(self, block: Block, curve: int, point: int | None) -> str:
        """Returns where a number of a curve of `block` stands, or its label, and which curve."""
        row = int(block.rows[block.starts[curve] + (point or 0)])
        column = self._asked.label_column if point is None else self._asked.y_column
        return f"{place_of(self._table, row)}, column {column!r} (curve {block.name(curve)})"
