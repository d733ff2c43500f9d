"""Sines of random amplitude, frequency and phase."""

import math

import numpy as np
import torch

from train.data.drawn import DrawnCurves


def sines(n_points: int) -> DrawnCurves:
    """Returns y = A·sin(2π(f·x + φ)) at `n_points` of [0, 1], with A ~ U(0.5, 1.5),
    f ~ U(0.5, 2) and φ ~ U(0, 1)."""
    highest = np.full(n_points, 1.5)
    return DrawnCurves("sines", np.linspace(0, 1, n_points), _y, 3, (-highest, highest))


def _y(random: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    amplitude, frequency, phase = random.unbind(-2)
    return (0.5 + amplitude) * torch.sin(2 * math.pi * ((0.5 + 1.5 * frequency) * x + phase))
