"""The tutorial's two networks, and the sampler: the generator with the seed rule in front."""

import torch
from torch import nn

from train.noise import philox

HIDDEN = 128


def make_generator(n_noise: int, n_points: int) -> nn.Sequential:
    """Returns an untrained generator: noise, float32 [n, n_noise], to curves [n, n_points]."""
    return nn.Sequential(nn.Linear(n_noise, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, n_points))


def make_discriminator(n_points: int) -> nn.Sequential:
    """Returns an untrained discriminator: curves, float32 [n, n_points], to logits [n, 1].

    The sigmoid of a logit is the probability that the curve is real. The tutorial's Sigmoid layer
    stands in the loss, which is computed from logits.
    """
    return nn.Sequential(nn.Linear(n_points, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1))


class SeedNoise(nn.Module):
    """The seed rule: seeds, int64 [n], to noise, float32 [n, n_noise].

    A seed's low and high word are the counter of Philox2x32-10 and the number of the block is its
    key, so two seeds never share a block's words; Box-Muller in float64 makes them normal.
    """

    def __init__(self, n_noise: int) -> None:
        super().__init__()
        self.n_noise = n_noise
        self.keys: torch.Tensor
        self.register_buffer("keys", philox.block_keys(0, n_noise))

    def forward(self, seeds: torch.Tensor) -> torch.Tensor:
        """Returns the noise of `seeds`."""
        low, high = philox.split_seed(seeds)
        return philox.normals(low, high, self.keys, self.n_noise)


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
