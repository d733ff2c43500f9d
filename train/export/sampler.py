"""The sampler: the generator with the seed rule in front of it."""

import torch
from torch import nn

from train.noise.seed_rule import SeedNoise


class Sampler(nn.Module):
    """Seeds, int64 [n], to curves, float32 [n, n_points]."""

    def __init__(self, generator: nn.Module, n_noise: int) -> None:
        super().__init__()
        self.noise = SeedNoise(n_noise)
        self.generator = generator

    def forward(self, seeds: torch.Tensor) -> torch.Tensor:
        """Returns the curves of `seeds`."""
        curves: torch.Tensor = self.generator(self.noise(seeds))
        return curves
