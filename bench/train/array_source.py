"""Real curves from an array: what benchmarks, and tests, train on."""

from dataclasses import dataclass, field

import numpy as np
import torch

from curvegan.arrays import Float32Array, Float64Array, Int64Array
from curvegan.repository.description import Parameter


@dataclass(frozen=True)
class ArraySource:
    """A source whose rows are `curves`, float64 [n_rows, n_points], of the `row_classes`, int64
    [n_rows], if there are `labels`. `held_out_curves` are float64 [n, n_points], without labels."""

    curves: Float64Array
    row_classes: Int64Array = field(default_factory=lambda: np.zeros(0, np.int64))
    labels: tuple[str, ...] = ()
    name: str = "array"
    bounds: None = None
    parameters: list[Parameter] = field(default_factory=list)
    units: str = ""
    x_name: str = "x"
    point_names: tuple[str, ...] = ()
    held_out_curves: Float64Array | None = None

    @property
    def x_grid(self) -> Float64Array:
        """0, 1, ..., n_points - 1."""
        return np.arange(self.n_points, dtype=np.float64)

    @property
    def n_points(self) -> int:
        """Points of a curve."""
        return int(self.curves.shape[1])

    @property
    def n_rows(self) -> int:
        """All of them."""
        return len(self.curves)

    def rows(self, numbers: torch.Tensor) -> torch.Tensor:
        """Returns the curves of rows: int64 [...] to float32 [..., n_points]."""
        return torch.from_numpy(self.curves[numbers.cpu()]).float().to(numbers.device)

    def classes(self, numbers: torch.Tensor) -> torch.Tensor:
        """Returns the classes of rows: int64 [...] to int64 [...]."""
        return torch.from_numpy(self.row_classes[numbers.cpu()]).to(numbers.device)

    def held_out(self, n: int) -> tuple[Float32Array, Int64Array]:
        """Returns the first held-out curves, float32 [n, n_points], and as many zeros, int64
        [n]."""
        if self.held_out_curves is None:
            return np.zeros((0, self.n_points), np.float32), np.zeros(0, np.int64)
        held_out = self.held_out_curves[:n].astype(np.float32)
        return held_out, np.zeros(len(held_out), np.int64)
