"""A user's table is read once, into two files of a run: curves to train on, and held-out ones."""

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curvegan.errors import CurveganError
from curvegan.repository.manifest import to_json
from curvegan.tables import open_table
from train.data.table.classes import Classes
from train.data.table.contents import (
    CLASSES,
    CONTENTS,
    CURVES,
    HELD_OUT,
    TRAINING,
    Contents,
    file_sha256,
)
from train.data.table.data_file import DataFile
from train.data.table.layouts.curves import Layout, Tally
from train.data.table.layouts.long import Long
from train.data.table.layouts.wide import Wide
from train.data.table.split import MIN_HELD_OUT, Split
from train.data.table.statistics import Statistics
from train.data.x_grid import XGrid

# Steps of x that differ by no more are equal but for rounding: hardly those of a curve.
_EVEN = 0.1


def read_table(asked: DataFile, seed: int, folder: Path) -> Contents:
    """Reads the table that is asked for into `folder`, split by `seed`, and returns what it holds.

    Raises CurveganError if it can't be read, holds what is not a curve, or changes meanwhile;
    OSError if the folder can't be written.
    """
    try:
        return _read(asked, seed, folder)
    except (pa.ArrowException, UnicodeError) as error:
        raise CurveganError(f"can't read {asked.path}: {error}") from error


def _read(asked: DataFile, seed: int, folder: Path) -> Contents:
    path = Path(asked.path)
    before = _state(path)
    table = open_table(path)
    layout: Layout = Long(table, asked) if asked.is_long else Wide(table, asked)
    tally, statistics, classes = Tally(), Statistics(len(layout.grid.values)), Classes()
    has_labels = asked.label_column is not None
    split = Split(seed)
    with ExitStack() as stack:
        parts = [_Part(folder, name, has_labels, stack) for name in (TRAINING, HELD_OUT)]
        for curves in layout.curves(tally):
            statistics.add(curves.values)
            numbers = classes.of(curves)
            held_out = split.held_out(len(numbers))
            # As generated ones come out.
            values = curves.values.astype("<f4")
            for part, chosen in zip(parts, (~held_out, held_out), strict=True):
                part.write(values[chosen], numbers[chosen])
    statistics.check(asked.path, _names(layout))
    if parts[1].n_curves < MIN_HELD_OUT:
        raise CurveganError(
            f"{asked.path}: of {statistics.n_curves} curves the seed {seed} holds out "
            f"{parts[1].n_curves}, and {MIN_HELD_OUT} are needed to judge by: give more curves, or "
            "another --seed"
        )
    labels: list[str] = []
    if has_labels:
        labels, places = classes.sorted(asked.path)
        for part in parts:
            part.renumber(places)
    try:
        sha256 = file_sha256(path)
    except OSError as error:
        raise CurveganError(f"{path} went away while it was read: {error.strerror}") from error
    if _state(path) != before:
        raise CurveganError(f"{path} changed while it was read: start again when it is complete")
    contents = Contents(
        name=asked.name,
        path=str(path.absolute()),
        sha256=sha256,
        x_grid=layout.grid.values.tolist(),
        x_name=layout.grid.name,
        point_names=list(layout.grid.point_names),
        units=asked.units,
        labels=labels,
        n_rows=tally.rows,
        n_read=tally.curves,
        dropped={reason: n for reason, n in tally.dropped.items() if n},
        n_duplicates=statistics.n_duplicates(),
        constant_points=statistics.constant_points,
        low=statistics.low,
        high=statistics.high,
        n_training=parts[0].n_curves,
        n_held_out=parts[1].n_curves,
        sums={file.name: file_sha256(file) for part in parts for file in part.paths},
        x_in_first_line=layout.grid.in_first_line,
        x_may_be_curve=_may_be_curve(layout.grid, statistics),
    )
    (folder / CONTENTS).write_bytes(to_json(contents))
    return contents


class _Part:
    """The files of the training curves, or of those held out."""

    def __init__(self, folder: Path, name: str, has_labels: bool, stack: ExitStack) -> None:
        self.n_curves = 0
        self.paths = [folder / f"{name}{CURVES}"]
        if has_labels:
            self.paths.append(folder / f"{name}{CLASSES}")
        self._files = [stack.enter_context(path.open("wb")) for path in self.paths]

    def write(self, values: npt.NDArray[np.float32], classes: npt.NDArray[np.int64]) -> None:
        """Adds curves and the numbers of their classes."""
        contents = (values, classes.astype("<i2"))
        for file, content in zip(self._files, contents, strict=False):
            file.write(content.data)
        self.n_curves += len(values)

    def renumber(self, places: npt.NDArray[np.int64]) -> None:
        """Replaces the number of each class by its place among the labels."""
        if self.n_curves:
            classes = np.memmap(self.paths[1], "<i2", mode="r+")
            classes[:] = places[classes]
            classes.flush()


def _names(layout: Layout) -> list[str]:
    return list(layout.grid.point_names or [f"x = {x:.10g}" for x in layout.grid.values])


def _may_be_curve(grid: XGrid, statistics: Statistics) -> bool:
    """Returns whether x may be a curve of a file without a header, whose first one rises."""
    if not grid.in_first_line or grid.point_names:
        return False
    steps = np.diff(grid.values)
    is_even = np.ptp(steps) <= _EVEN * steps.mean()
    return bool(not is_even and statistics.may_have(grid.values))


def _state(path: Path) -> tuple[int, ...] | None:
    """Returns what changes when a file does; None if it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
