"""Families of curves: where real curves come from."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import torch

from curvegan.arrays import Float64Array
from curvegan.repository.description import Parameter


class CurveFamily(Protocol):
    """What a training needs to know of real curves."""

    def curves(self, uniform: torch.Tensor) -> torch.Tensor:
        """Returns a curve for each number in (0, 1): [..., 1] to float32 [..., n_points]."""


@dataclass(frozen=True)
class Quadratics:
    """The tutorial's curves, y = a·x² + (a - 1) with a ~ U(1, 2), at `n_points` of [-1, 1].

    They all lie between x², where a = 1, and 2x² + 1, where a = 2.
    """

    n_points: int
    name: ClassVar[str] = "quadratics"

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

    def curves(self, uniform: torch.Tensor) -> torch.Tensor:
        """Returns a curve for each number in (0, 1): [..., 1] to float32 [..., n_points]."""
        squares = torch.from_numpy(self.x_grid**2).to(uniform)
        return (uniform * (squares + 1) + squares).float()
