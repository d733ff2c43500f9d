"""The x of a table's points: numbers, dates, or times of the day."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curvegan.arrays import Float64Array
from curvegan.errors import CurveganError

# What the numbers of a column are: numbers, seconds since 1970, or seconds since midnight.
Scale = Literal["number", "date", "time"]

_DAY = 86_400


@dataclass(frozen=True)
class XGrid:
    """The values of x, float64 [n_points], what x is, and what the points are called if the values
    do not say it, [n_points] or none."""

    values: Float64Array
    name: str = "x"
    point_names: tuple[str, ...] = ()


def grid_of_texts(texts: Sequence[str]) -> XGrid | None:
    """Returns the x that `texts` say, in the order in which they stand; None if they are other
    words than numbers, dates and times."""
    found = _read(texts)
    if found is None:
        return None
    values, scale = found
    return grid_of_numbers(values, scale, texts=tuple(texts))


def grid_of_numbers(
    values: Float64Array, scale: Scale, name: str = "x", texts: tuple[str, ...] = ()
) -> XGrid:
    """Returns the x of numbers on a `scale`: dates count from the first one, in days if all are
    whole, or in hours or seconds; times count from midnight. `texts` are what a user wrote."""
    if scale == "number":
        return XGrid(values, name)
    since = values - values[0] if scale == "date" else values
    if scale == "date" and not (since % _DAY).any():
        unit, length = "days", _DAY
    elif not (since % 60).any():
        unit, length = "hours", 3600
    else:
        unit, length = "seconds", 1
    texts = texts or _texts(values, scale)
    name = f"{unit} since {texts[0]}" if scale == "date" else unit.removesuffix("s")
    return XGrid(since / length, name, texts)


def grid_in_file(path: Path) -> XGrid:
    """Returns the x that a file holds: an array in a .npy file, or text, a value a line or between
    commas. Raises CurveganError if it can't be read."""
    try:
        if path.suffix.lower() == ".npy":
            texts = [str(value) for value in np.load(path, allow_pickle=False).ravel()]
        elif path.exists() and not path.is_file():
            raise CurveganError(f"{path} is not a regular file: give a file with the values of x")
        else:
            with path.open(encoding="utf-8-sig", newline="") as file:
                cells = (cell.strip() for row in csv.reader(file) for cell in row)
                texts = [cell for cell in cells if cell]
    except OSError as error:
        raise CurveganError(f"can't read {path}: {error.strerror}") from error
    except (ValueError, EOFError, csv.Error) as error:
        raise CurveganError(f"can't read x from {path}: {error}") from error
    grid = grid_of_texts(texts) if texts else None
    if grid is None:
        raise CurveganError(
            f"{path} holds something else than values of x: give a number or a date (2030-01-31) "
            "for each point, without a header"
        )
    return grid


def check_increasing(
    grid: XGrid, place: Callable[[int], str], advice: str = "put the points in order"
) -> None:
    """Raises CurveganError unless x increases; `place` says where the x of a point stands."""
    if not np.isfinite(grid.values).all():
        number = int(np.argmin(np.isfinite(grid.values)))
        raise CurveganError(f"{place(number)}: x is not a finite number, correct it")
    falls = np.flatnonzero(np.diff(grid.values) <= 0)
    if len(falls):
        number = int(falls[0]) + 1
        raise CurveganError(
            f"{place(number)}: x is {grid.values[number]:.10g} after "
            f"{grid.values[number - 1]:.10g}, and it must increase: {advice}"
        )


def numbers_of(column: pa.Array) -> tuple[Float64Array, Scale] | None:
    """Returns a column of x, and their scale; NaN where one is missing, None if it holds other
    things than numbers, dates and times."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    found = column.type
    if pa.types.is_temporal(found) and not pa.types.is_duration(found):
        is_time = pa.types.is_time(found)
        unit = pa.time64("us") if is_time else pa.timestamp("us", getattr(found, "tz", None))
        whole = column.cast(unit).cast(pa.int64()).cast(pa.float64())
        return whole.to_numpy(zero_copy_only=False) / 1e6, "time" if is_time else "date"
    if pa.types.is_string(found) or pa.types.is_large_string(found):
        words = column.dictionary_encode()
        read = _read(words.dictionary.to_pylist())
        if read is None:
            return None
        values, scale = read
        of_each = pc.take(pa.array(values), words.indices)
        return of_each.to_numpy(zero_copy_only=False), scale
    if pa.types.is_integer(found) or pa.types.is_floating(found) or pa.types.is_decimal(found):
        return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), "number"
    return None


def _read(texts: Sequence[str]) -> tuple[Float64Array, Scale] | None:
    scales: tuple[tuple[Scale, Callable[[str], float]], ...] = (
        ("number", float),
        ("date", _seconds_of_date),
        ("time", _seconds_of_time),
    )
    for scale, number_of in scales:
        try:
            return np.array([number_of(text.strip()) for text in texts]), scale
        except ValueError:
            continue
    return None


def _seconds_of_date(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _seconds_of_time(text: str) -> float:
    clock = time.fromisoformat(text)
    return clock.hour * 3600 + clock.minute * 60 + clock.second + clock.microsecond / 1e6


def _texts(values: Float64Array, scale: Scale) -> tuple[str, ...]:
    """Returns dates or times as ISO 8601 writes them, as short as all of them can be."""
    moments = np.round(values * 1e6).astype("datetime64[us]")
    if scale == "date" and not (values % _DAY).any():
        unit: Literal["D", "m", "s"] = "D"
    else:
        unit = "s" if (values % 60).any() else "m"
    written = np.datetime_as_string(moments, unit=unit)
    return tuple(text.partition("T")[2] if scale == "time" else text for text in written.tolist())
