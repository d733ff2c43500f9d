"""Families of curves that are drawn: a formula with random parameters."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from curvegan.arrays import Float32Array, Float64Array, Int64Array
from curvegan.repository.description import Parameter
from train.data.source import MAX_TABLE_ROWS
from train.noise import philox

# Keys of the blocks of a row's random numbers, from here on: no others use them.
_KEY = 0x40000000

# From numbers in (0, 1), float64 [..., n_random, 1], and x, float64 [n_points], to y
# [..., n_points].
Formula = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class DrawnCurves:
    """A family as a `Source`: the curves of row r are `formula` of `n_random` random numbers that
    are a pure function of r.

    So there is a table of MAX_TABLE_ROWS rows without any memory; those after them are held out.
    """

    name: str
    x_grid: Float64Array
    formula: Formula
    n_random: int
    bounds: tuple[Float64Array, Float64Array] | None
    units: ClassVar[str] = ""
    x_name: ClassVar[str] = "x"
    point_names: ClassVar[tuple[str, ...]] = ()
    labels: ClassVar[tuple[str, ...]] = ()
    n_rows: ClassVar[int] = MAX_TABLE_ROWS

    @property
    def n_points(self) -> int:
        """Points of a curve."""
        return len(self.x_grid)

    @property
    def parameters(self) -> list[Parameter]:
        """None can be read off a curve by a sum."""
        return []

    def rows(self, numbers: torch.Tensor) -> torch.Tensor:
        """Returns the curves of rows: int64 [...] to float32 [..., n_points]."""
        low, high = philox.split_seed(numbers.unsqueeze(-1))
        keys = _KEY + torch.arange(self.n_random, device=numbers.device)
        word, _ = philox.philox(low, high, keys)
        x = torch.from_numpy(self.x_grid).to(numbers.device)
        return self.formula(philox.uniform(word).unsqueeze(-1), x).float()

    def classes(self, numbers: torch.Tensor) -> torch.Tensor:
        """Returns 0 for each row: the curves have no labels."""
        return torch.zeros_like(numbers)

    def held_out(self, n: int) -> tuple[Float32Array, Int64Array]:
        """Returns `n` curves that no training draws, float32 [n, n_points], and as many zeros."""
        curves = self.rows(torch.arange(self.n_rows, self.n_rows + n))
        return curves.numpy(), np.zeros(n, np.int64)
