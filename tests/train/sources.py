"""Real curves from arrays."""

from dataclasses import dataclass

import numpy as np
import torch

from curvegan.arrays import Float32Array, Float64Array, Int64Array


@dataclass(frozen=True)
class ArraySource:
    """Curves that were split already: `training` and `test`, [n, n_points], and their classes, [n],
    where they have `labels`."""

    training: np.ndarray
    test: np.ndarray
    labels: tuple[str, ...] = ()
    training_classes: np.ndarray | None = None
    test_classes: np.ndarray | None = None
    name: str = "arrays"
    units: str = ""
    x_name: str = "x"
    point_names: tuple[str, ...] = ()
    bounds: None = None
    parameters: tuple[()] = ()

    @property
    def n_points(self) -> int:
        return self.training.shape[1]

    @property
    def x_grid(self) -> Float64Array:
        return np.arange(float(self.n_points))

    @property
    def n_rows(self) -> int:
        return len(self.training)

    def rows(self, numbers: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(self.training.astype(np.float32))[numbers]

    def classes(self, numbers: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(self.training_classes)[numbers]

    def held_out(self, n: int) -> tuple[Float32Array, Int64Array]:
        curves = self.test[:n].astype(np.float32)
        classes = np.zeros(len(curves), np.int64)
        return curves, classes if self.test_classes is None else self.test_classes[:n]
