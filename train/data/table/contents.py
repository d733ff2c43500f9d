"""What a run keeps of a table: its curves in two files, training and held-out ones, and what is
known of them.

DATA/
  table.json           `Contents`
  training.f32         curves, float32 [n_training, n_points]
  held_out.f32         curves, float32 [n_held_out, n_points]
  training.i16, held_out.i16   the class of each curve, of a table with labels
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from curvegan.errors import CurveganError

CONTENTS = "table.json"
TRAINING, HELD_OUT = "training", "held_out"
CURVES, CLASSES = ".f32", ".i16"


@dataclass(frozen=True)
class Contents:
    """What is known of a table.

    `path` is the user's file and `sha256` its sum when it was read; it is not needed any more.
    `n_rows` are those of the table, which held `n_read` curves, of which some were `dropped`, by
    reason. `n_duplicates` are curves that equal an earlier one, `constant_points` the numbers of
    the points at which all curves are equal; `low` and `high` are the least and the largest y. The
    sums of the files are in `sums`. `x_in_first_line` says that x was the first line of the file,
    and `x_may_be_curve` that this line looks like one of the curves.
    """

    name: str
    path: str
    sha256: str
    x_grid: list[float]
    x_name: str
    point_names: list[str]
    units: str
    labels: list[str]
    n_rows: int
    n_read: int
    dropped: dict[str, int]
    n_duplicates: int
    constant_points: list[int]
    low: float
    high: float
    n_training: int
    n_held_out: int
    sums: dict[str, str] = field(default_factory=dict)
    x_in_first_line: bool = False
    x_may_be_curve: bool = False

    @property
    def n_points(self) -> int:
        """Points of a curve."""
        return len(self.x_grid)


def read_contents(folder: Path) -> Contents:
    """Returns what is known of the table in `folder`. Raises CurveganError if it can't be read."""
    path = folder / CONTENTS
    try:
        return msgspec.json.decode(path.read_bytes(), type=Contents)
    except (OSError, ValueError) as error:
        raise CurveganError(
            f"can't read {path}: {error}; start a new training with --data"
        ) from error


def file_sha256(path: Path) -> str:
    """Returns the SHA-256 of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
