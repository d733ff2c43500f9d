"""The tutorial's family of curves."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from curvegan.arrays import Float32Array, Float64Array, Int64Array
from curvegan.repository.description import Parameter

# As finely as float32 tells numbers below 1 apart.
_BITS = 24
_HELD_OUT_SEED = 0


@dataclass(frozen=True)
class Quadratics:
    """The tutorial's curves, y = a·x² + (a - 1) with a ~ U(1, 2), at `n_points` of [-1, 1].

    They all lie between x², where a = 1, and 2x² + 1, where a = 2. As a `Source` they are a table
    of 2^24 rows, whose a are the middles of as many equal parts of (1, 2).
    """

    n_points: int
    name: ClassVar[str] = "quadratics"
    units: ClassVar[str] = ""
    x_name: ClassVar[str] = "x"
    point_names: ClassVar[tuple[str, ...]] = ()
    labels: ClassVar[tuple[str, ...]] = ()
    n_rows: ClassVar[int] = 2**_BITS

    @property
    def x_grid(self) -> Float64Array:
        """The values of x, float64 [n_points]."""
        return np.linspace(-1, 1, self.n_points)

    @property
    def bounds(self) -> tuple[Float64Array, Float64Array]:
        """The lowest and the highest y at each x, float64 [n_points] each."""
        return self.x_grid**2, 2 * self.x_grid**2 + 1

    @property
    def parameters(self) -> list[Parameter]:
        """The a that fits a curve best, by least squares: ⟨y + 1, x² + 1⟩ / ⟨x² + 1, x² + 1⟩."""
        shape = self.x_grid**2 + 1
        weights = shape / (shape @ shape)
        return [Parameter("a", weights.tolist(), float(weights.sum()), 1.0, 2.0)]

    def rows(self, numbers: torch.Tensor) -> torch.Tensor:
        """Returns the curves of rows, 0 to n_rows - 1: int64 [...] to float32 [..., n_points]."""
        return self._curves((numbers.double() + 0.5) * 2.0**-_BITS)

    def classes(self, numbers: torch.Tensor) -> torch.Tensor:
        """Returns 0 for each row: the curves have no labels."""
        return torch.zeros_like(numbers)

    def held_out(self, n: int) -> tuple[Float32Array, Int64Array]:
        """Returns `n` curves of random a, float32 [n, n_points], and as many zeros, int64 [n]."""
        above_one = np.random.default_rng(_HELD_OUT_SEED).random(n)
        return self._curves(torch.from_numpy(above_one)).numpy(), np.zeros(n, np.int64)

    def _curves(self, above_one: torch.Tensor) -> torch.Tensor:
        """Returns the curves of the a that are so much above 1, float64 [...]."""
        squares = torch.from_numpy(self.x_grid**2).to(above_one)
        # Not addcmul, which rounds one number in 2,000 otherwise: trainings would take another
        # course than those by which the recipes were chosen.
        return (above_one.unsqueeze(-1) * (squares + 1)).add_(squares).float()
