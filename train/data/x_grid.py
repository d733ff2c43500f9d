"""The x of curves' points: numbers, dates, or times of the day."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Literal

import numpy as np

from curvegan.arrays import DAMAGED_ARRAY, AnyArray, Float64Array, texts
from curvegan.errors import CurveganError
from curvegan.files import read_regular

# What values of x are: numbers, seconds since 1970, or seconds since midnight.
Scale = Literal["number", "date", "time"]

_DAY = 86_400
_MOST = np.finfo(np.float64).max


@dataclass(frozen=True)
class XGrid:
    """The values of x, float64 [n_points], what x is, and what the points are called if the values
    do not say it, [n_points] or none.

    `in_first_line` says that they were the first line of a table of text, which may be a curve."""

    values: Float64Array
    name: str = "x"
    point_names: tuple[str, ...] = ()
    in_first_line: bool = False


def grid_of_texts(words: Sequence[str]) -> XGrid | None:
    """Returns the x that `words` say, in the order in which they stand; None if they are other
    words than numbers, dates and times."""
    found = values_of_texts(words)
    return found and grid_of_values(*found, names=tuple(words))


def grid_of_values(
    values: Float64Array, scale: Scale, name: str = "x", names: tuple[str, ...] = ()
) -> XGrid:
    """Returns the x of values on a `scale`: dates count from the first one, in days if all are
    whole, or in hours or seconds; times count from midnight. `names` are what a user wrote."""
    if scale == "number":
        return XGrid(values, name)
    since = values - values[0] if scale == "date" else values
    if scale == "date" and not (since % _DAY).any():
        unit, length = "days", _DAY
    elif not (since % 60).any():
        unit, length = "hours", 3600
    else:
        unit, length = "seconds", 1
    names = names or written(values, scale)
    name = f"{unit} since {names[0]}" if scale == "date" else unit.removesuffix("s")
    return XGrid(since / length, name, names)


def grid_in_file(path: Path, n_points: int) -> XGrid:
    """Returns the `n_points` values of x that a file holds: an array in a .npy file, or text, a
    value a line or between commas; numbers also between spaces.

    Raises CurveganError if it can't be read, or holds something else.
    """
    try:
        content = read_regular(path)
    except OSError as error:
        raise CurveganError(f"can't read {path}: {error.strerror}") from error
    try:
        if path.suffix.lower() == ".npy":
            cells = texts(_array(content))
        else:
            rows = csv.reader(content.decode("utf-8-sig").splitlines())
            cells = [cell.strip() for row in rows for cell in row if cell.strip()]
    except (csv.Error, *DAMAGED_ARRAY) as error:
        raise CurveganError(f"can't read x from {path}: {error}") from error
    grid = grid_of_texts(cells) or grid_of_texts(" ".join(cells).split())
    if grid is None:
        raise CurveganError(
            f"{path} holds something else than values of x: give a number or a date (2030-01-31) "
            "for each point, without a header"
        )
    if len(grid.values) != n_points:
        raise CurveganError(
            f"{path} holds {len(grid.values)} values of x: give {n_points}, one for each point of "
            "a curve"
        )
    check_increasing(grid, lambda point: f"{path}, value {point + 1}")
    return grid


def even_grid(start: float, end: float, n_points: int, where: str, advice: str) -> Float64Array:
    """Returns `n_points` equally spaced values of x from `start` to `end`.

    Raises CurveganError if float64 can't hold them; `where` says what the ends are of, `advice`
    what to do.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        grid = XGrid(np.linspace(start, end, n_points))
    check_increasing(grid, lambda point: f"{where}, point {point + 1}", advice)
    return grid.values


def check_increasing(
    grid: XGrid, place: Callable[[int], str], advice: str = "put the points in order"
) -> None:
    """Raises CurveganError unless x increases, and float64 can hold how far; `place` says where the
    x of a point stands."""
    if not np.isfinite(grid.values).all():
        number = int(np.argmin(np.isfinite(grid.values)))
        raise CurveganError(f"{place(number)}: x is not a finite number, correct it")
    falls = np.flatnonzero(grid.values[1:] <= grid.values[:-1])
    if len(falls):
        number = int(falls[0]) + 1
        raise CurveganError(
            f"{place(number)}: x is {grid.values[number]:.10g} after "
            f"{grid.values[number - 1]:.10g}, and it must increase: {advice}"
        )
    if grid.values[-1] / 2 - grid.values[0] / 2 > _MOST / 2:
        raise CurveganError(
            f"{place(len(grid.values) - 1)}: x goes from {grid.values[0]:.10g} to "
            f"{grid.values[-1]:.10g}, which float64 can't hold: give it in larger units"
        )


def values_of_texts(words: Sequence[str]) -> tuple[Float64Array, Scale] | None:
    """Returns the values that `words` say, float64 [n], and their scale; None for other words."""
    scales: tuple[tuple[Scale, Callable[[str], float]], ...] = (
        ("number", float),
        ("date", _seconds_of_date),
        ("time", _seconds_of_time),
    )
    for scale, number_of in scales:
        try:
            return np.array([number_of(word.strip()) for word in words]), scale
        except ValueError:
            continue
    return None


def _array(content: bytes) -> AnyArray:
    loaded = np.load(io.BytesIO(content), allow_pickle=False)
    if not isinstance(loaded, np.ndarray):
        raise ValueError("it is a .npz archive: save x alone with numpy.save")
    return loaded


def _seconds_of_date(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _seconds_of_time(text: str) -> float:
    if text in ("24:00", "24:00:00"):  # How ISO 8601 writes the end of a day.
        return _DAY
    clock = time.fromisoformat(text)
    # Python reads "2019-20" as 20:19 at an offset of twenty hours; it is a span of years.
    if ":" not in text or clock.tzinfo:
        raise ValueError(f"{text} is not a time of the day")
    return clock.hour * 3600 + clock.minute * 60 + clock.second + clock.microsecond / 1e6


def written(values: Float64Array, scale: Scale) -> tuple[str, ...]:
    """Returns numbers, or dates or times as ISO 8601 writes them, as short as all of them can
    be."""
    if scale == "number":
        return tuple(f"{x:.10g}" for x in values)
    moments = np.round(values * 1e6).astype("datetime64[us]")
    unit: Literal["D", "m", "s", "us"]
    if scale == "date" and not (values % _DAY).any():
        unit = "D"
    elif (values % 1).any():
        unit = "us"
    else:
        unit = "s" if (values % 60).any() else "m"
    iso = np.datetime_as_string(moments, unit=unit).tolist()
    if scale == "date":
        return tuple(iso)
    # Midnight at the end of a day is not the one at its start.
    return tuple(text.replace("1970-01-02T00", "T24").partition("T")[2] for text in iso)
