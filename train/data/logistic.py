"""Logistic growth."""

from itertools import product

import numpy as np
import torch

from train.data.drawn import DrawnCurves


def logistic(n_points: int) -> DrawnCurves:
    """Returns y = K / (1 + exp(-r·(x - m))) at `n_points` of [0, 10], with K ~ U(0.5, 1.5),
    r ~ U(0.5, 2) and m ~ U(3, 7)."""
    x_grid = np.linspace(0, 10, n_points)
    # y rises or falls in each parameter, so its extremes are at the ends of their ranges.
    ends = torch.tensor(list(product((0.0, 1.0), repeat=3)), dtype=torch.float64)
    extremes = _y(ends.unsqueeze(-1), torch.from_numpy(x_grid)).numpy()
    bounds = extremes.min(axis=0), extremes.max(axis=0)
    return DrawnCurves("logistic", x_grid, _y, 3, bounds)


def _y(random: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    capacity, rate, middle = random.unbind(-2)
    return (0.5 + capacity) * torch.sigmoid((0.5 + 1.5 * rate) * (x - (3 + 4 * middle)))
