"""What a training needs to know of real curves."""

from collections.abc import Sequence
from typing import Protocol

import torch

from curvegan.arrays import Float64Array
from curvegan.repository.description import Parameter

# A row's number is drawn from a word of 32 bits, in 64-bit integers.
MAX_TABLE_ROWS = 2**31


class Source(Protocol):
    """A table of real curves, from which a training draws rows by their number.

    A family of infinitely many curves is a table too: one of so many rows that no two neighbours
    differ by more than rounding does.
    """

    @property
    def name(self) -> str:
        """What the curves are called."""

    @property
    def x_grid(self) -> Float64Array:
        """The values of x, float64 [n_points]."""

    @property
    def n_points(self) -> int:
        """Points of a curve."""

    @property
    def bounds(self) -> tuple[Float64Array, Float64Array] | None:
        """The lowest and the highest y at each x, float64 [n_points] each, or None."""

    @property
    def parameters(self) -> list[Parameter]:
        """What can be read off each curve, in real ones uniformly distributed; may be empty."""

    @property
    def labels(self) -> Sequence[str] | None:
        """The classes that the curves are of, or None for curves without."""

    @property
    def n_rows(self) -> int:
        """Rows of the table, at most MAX_TABLE_ROWS."""

    def rows(self, numbers: torch.Tensor) -> torch.Tensor:
        """Returns the curves of rows, 0 to n_rows - 1: int64 [...] to float32 [..., n_points], on
        the same device."""
