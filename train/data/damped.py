"""Damped oscillations."""

import math

import numpy as np
import torch

from train.data.drawn import DrawnCurves


def damped(n_points: int) -> DrawnCurves:
    """Returns y = A·exp(-d·x)·cos(2π(f·x + φ)) at `n_points` of [0, 1], with A ~ U(0.5, 1.5),
    d ~ U(1, 4), f ~ U(1, 3) and φ ~ U(0, 1)."""
    x_grid = np.linspace(0, 1, n_points)
    highest = 1.5 * np.exp(-x_grid)
    return DrawnCurves("damped", x_grid, _y, 4, (-highest, highest))


def _y(random: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    amplitude, damping, frequency, phase = random.unbind(-2)
    swing = torch.cos(2 * math.pi * ((1 + 2 * frequency) * x + phase))
    return (0.5 + amplitude) * torch.exp(-(1 + 3 * damping) * x) * swing
