"""What a user says of a table: which file, and how its curves are read off it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from curvegan.errors import CurveganError
from train.recipes import MAX_N_POINTS

# What becomes of curves with cells that are missing or infinite.
Missing = Literal["drop", "interpolate"]

# Characters of a name or of units.
_MAX_TEXT = 100


@dataclass(frozen=True)
class DataFile:
    """A table of curves, at `path`.

    A table with a row a curve is wide. One with a row a point is long and needs `id_column`,
    which says of what curve a row is, `x_column` and `y_column`; in a wide table `id_column` is a
    column to leave out. `label_column` holds each curve's class. `x` is a file with the x of each
    column of a wide table. `resample` is the number of equally spaced points that all curves are
    interpolated at, `missing` what becomes of curves with missing cells, an error if it is None.
    `units` are those of y; `name` is what the curves are called, by default as the file.
    """

    path: str
    x: str | None = None
    id_column: str | None = None
    x_column: str | None = None
    y_column: str | None = None
    label_column: str | None = None
    resample: int | None = None
    missing: Missing | None = None
    units: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        """Raises CurveganError for what does not go together."""
        if not self.path.isprintable():
            raise CurveganError(f"data is {self.path!r}: give a path of printable characters")
        check_text("units", self.units)
        check_text("name", self.name)
        if self.resample is not None and not 2 <= self.resample <= MAX_N_POINTS:
            raise CurveganError(f"resample is {self.resample}: give 2 to {MAX_N_POINTS} points")
        if bool(self.x_column) != bool(self.y_column) or (self.x_column and not self.id_column):
            raise CurveganError(
                "a table with a row a point needs all of --id-column, --x-column and --y-column"
            )
        if self.is_long and self.x:
            raise CurveganError("--x is for a table with a row a curve: leave it or --x-column out")
        columns = [self.id_column, self.x_column, self.y_column, self.label_column]
        named = [column for column in columns if column is not None]
        for column in named:
            check_text("the name of a column", column)
        if len(named) > len(set(named)):
            raise CurveganError("two options name the same column: name each column once")
        if not self.name:
            object.__setattr__(self, "name", Path(self.path).stem[:_MAX_TEXT])

    @property
    def is_long(self) -> bool:
        """Whether a row is a point."""
        return self.x_column is not None


def check_text(option: str, text: str) -> None:
    """Raises CurveganError for a name or units that can't be shown; `option` says what it is of."""
    if not text.isprintable() or len(text) > _MAX_TEXT:
        raise CurveganError(
            f"{option} is {text[:_MAX_TEXT]!r}: give at most {_MAX_TEXT} printable characters"
        )
