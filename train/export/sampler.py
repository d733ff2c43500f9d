"""The sampler: the generator with the seed rule in front of it."""

import torch
from torch import nn

from train.noise.seed_rule import SeedNoise


class Sampler(nn.Module):
    """Seeds, int64 [n], to curves, float32 [n, n_points]; of a labelled generator, seeds and
    labels, int64 [n]."""

    def __init__(self, generator: nn.Module, n_noise: int) -> None:
        super().__init__()
        self.noise = SeedNoise(n_noise)
        self.generator = generator

    def forward(self, seeds: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        """Returns the curves of `seeds`."""
        rest = () if labels is None else (labels,)
        curves: torch.Tensor = self.generator(self.noise(seeds), *rest)
        return curves
