"""What is read off a table, wide or long: curves, some at a time."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curvegan.arrays import Float64Array
from curvegan.errors import CurveganError
from train.data.table.data_file import Missing
from train.data.x_grid import XGrid

Bools = npt.NDArray[np.bool_]

# Beyond it, squares and sums of float32 overflow.
MAX_NUMBER = 1e30


@dataclass(frozen=True)
class Curves:
    """Some curves, float64 [n, n_points], and the class of each, strings [n], if they have any.

    A number that is missing is NaN, a class that is missing is empty. `place` says where the
    number of a curve at a point stands in the file, or with None for the point, where its class
    does.
    """

    values: Float64Array
    labels: pa.Array | None
    place: Callable[[int, int | None], str]

    def only(self, kept: Bools) -> "Curves":
        """Returns those curves for which `kept`, bool [n], is true."""
        numbers = np.flatnonzero(kept)
        return Curves(
            self.values[kept],
            None if self.labels is None else self.labels.filter(pa.array(kept)),
            lambda curve, point: self.place(int(numbers[curve]), point),
        )


@dataclass
class Tally:
    """What has been met so far: rows of the table, curves, and why curves were dropped."""

    rows: int = 0
    curves: int = 0
    dropped: Counter[str] = field(default_factory=Counter)


class Layout(Protocol):
    """How curves stand in a table."""

    @property
    def grid(self) -> XGrid:
        """The x of their points."""

    def curves(self, tally: Tally) -> Iterator[Curves]:
        """Yields the curves, complete and finite, and counts on in `tally`."""


def settled(
    curves: Curves, x: Float64Array, missing: Missing | None, dropped: Counter[str]
) -> Curves:
    """Returns `curves`, at `x`, float64 [n_points], without missing and infinite cells: as
    `missing` says, the curves are left out, or the cells interpolated.

    The first and the last known cell also stand for those before and after them. Raises
    CurveganError for the first missing cell if `missing` is None, and for a number that is too
    large.
    """
    if curves.labels is not None:
        labelled: Bools = pc.not_equal(curves.labels, "").to_numpy(zero_copy_only=False)
        if not labelled.all():
            if missing is None:
                place = curves.place(int(np.argmin(labelled)), None)
                raise CurveganError(f"{place}: the label is missing, give it or --missing drop")
            dropped["without a label"] += int((~labelled).sum())
            curves = curves.only(labelled)
    known = np.isfinite(curves.values)
    _check_size(curves, known)
    whole: Bools = np.asarray(known.all(axis=1))
    if whole.all():
        return curves
    if missing is None:
        first = int(np.argmin(whole))
        point = int(np.argmin(known[first]))
        raise missing_number(curves.place(first, point), curves.values[first, point])
    if missing == "drop":
        dropped["with missing cells"] += int((~whole).sum())
        return curves.only(whole)
    enough: Bools = known.sum(axis=1) >= 2
    dropped["with fewer than 2 known cells"] += int((~enough).sum())
    for curve in np.flatnonzero(enough & ~whole):
        values, there = curves.values[curve], known[curve]
        values[~there] = np.interp(x[~there], x[there], values[there])
    return curves.only(enough)


def _check_size(curves: Curves, known: Bools) -> None:
    too_large = known & (np.abs(curves.values) > MAX_NUMBER)
    if too_large.any():
        curve, point = map(int, np.argwhere(too_large)[0])
        raise CurveganError(
            f"{curves.place(curve, point)}: {curves.values[curve, point]:.3g} is beyond "
            f"{MAX_NUMBER:g}, give the numbers in larger units"
        )


def missing_number(place: str, number: float) -> CurveganError:
    """Returns the error of a number, at `place`, that is missing or infinite."""
    return CurveganError(
        f"{place}: the number is {'infinite' if np.isinf(number) else 'missing'}, correct it or "
        "give --missing drop or --missing interpolate"
    )


def words(column: pa.Array) -> pa.Array:
    """Returns a column of text without space around it, empty where it is missing."""
    return pc.utf8_trim_whitespace(pc.fill_null(column, ""))
