"""A source of real curves from an array, for tests."""

from dataclasses import dataclass, field

import numpy as np
import torch


@dataclass(frozen=True)
class ArraySource:
    """The rows of `curves`, [n_rows, n_points], and their `row_classes`, [n_rows]."""

    curves: np.ndarray
    row_classes: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    labels: tuple[str, ...] = ()
    name = "array"
    bounds = None
    parameters = ()
    units = ""
    x_name = "x"
    point_names = ()

    @property
    def x_grid(self) -> np.ndarray:
        return np.arange(self.n_points, dtype=np.float64)

    @property
    def n_points(self) -> int:
        return self.curves.shape[1]

    @property
    def n_rows(self) -> int:
        return len(self.curves)

    def rows(self, numbers: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(self.curves.astype(np.float32)).to(numbers.device)[numbers]

    def classes(self, numbers: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(self.row_classes).to(numbers.device)[numbers]

    def held_out(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        return self.curves[:n].astype(np.float32), np.zeros(n, np.int64)
