"""What a user says of the curves of a generator that was trained elsewhere."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from curvegan.errors import CurveganError
from train.data.table.data_file import check_text
from train.data.x_grid import XGrid, even_grid, grid_in_file


@dataclass(frozen=True)
class AboutCurves:
    """What the curves are, which no file of a generator tells.

    `name` is what they are called, by default as the file; `units` are those of y and `x_name` is
    what x is, by default what its values say. These stand in the file `x`, or are evenly spaced
    from `x_from` to `x_to`.
    """

    name: str = ""
    units: str = ""
    x_name: str = ""
    x: Path | None = None
    x_from: float | None = None
    x_to: float | None = None

    def __post_init__(self) -> None:
        """Raises CurveganError for what does not go together, or can't be shown."""
        for option in ("name", "units", "x_name"):
            check_text(option, getattr(self, option))
        if (self.x_from is None) != (self.x_to is None):
            raise CurveganError("--x-from and --x-to belong together: give both, or --x FILE")
        if self.x_from is None or self.x_to is None:
            return
        if self.x:
            raise CurveganError("--x FILE says all of x: leave it or --x-from and --x-to out")
        if not -np.inf < self.x_from < self.x_to < np.inf:
            raise CurveganError(
                f"x goes from {self.x_from} to {self.x_to}: give two finite numbers, the lower one "
                "first"
            )

    @property
    def says_x(self) -> bool:
        """Whether the values of x are given."""
        return self.x is not None or self.x_from is not None

    def grid(self, n_points: int) -> XGrid:
        """Returns the `n_points` values of x: 0, 1, ... unless they are given.

        Raises CurveganError if the file can't be read or holds something else.
        """
        if self.x:
            return grid_in_file(self.x, n_points)
        if self.x_from is not None and self.x_to is not None:
            asked = f"--x-from {self.x_from} --x-to {self.x_to}"
            advice = "give ends that float64 can part"
            return XGrid(even_grid(self.x_from, self.x_to, n_points, asked, advice))
        return XGrid(np.arange(n_points, dtype=np.float64))
