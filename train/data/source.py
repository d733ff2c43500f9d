"""What a training needs to know of real curves."""

from collections.abc import Sequence
from typing import Protocol

import torch

from curvegan.arrays import Float32Array, Float64Array, Int64Array
from curvegan.repository.description import Parameter

# A row's number is drawn from a word of 32 bits, in 64-bit integers.
MAX_TABLE_ROWS = 2**31


class Source(Protocol):
    """A table of real curves, from which a training draws rows by their number.

    A family of infinitely many curves is a table too: one of so many rows that no two neighbours
    differ by more than rounding does. What generated curves are judged by stands apart: no training
    ever sees the curves that `held_out` gives.
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
    def units(self) -> str:
        """The units of y, empty where they are not known."""

    @property
    def x_name(self) -> str:
        """What x is, such as "hour"."""

    @property
    def point_names(self) -> Sequence[str]:
        """What people call the points, [n_points]; empty where the values of x say it."""

    @property
    def labels(self) -> Sequence[str]:
        """The classes that the curves are of, each at its index; empty for curves without."""

    @property
    def n_rows(self) -> int:
        """Rows of the table, at most MAX_TABLE_ROWS: those that a training may draw."""

    def rows(self, numbers: torch.Tensor) -> torch.Tensor:
        """Returns the curves of rows, 0 to n_rows - 1: int64 [...] to float32 [..., n_points], on
        the same device."""

    def classes(self, numbers: torch.Tensor) -> torch.Tensor:
        """Returns the classes of rows, as indices into `labels`, all 0 for curves without: int64
        [...] to int64 [...]."""

    def held_out(self, n: int) -> tuple[Float32Array, Int64Array]:
        """Returns at most `n` real curves that are in no row, float32 [n, n_points], and the class
        of each, int64 [n], all 0 for curves without labels."""
