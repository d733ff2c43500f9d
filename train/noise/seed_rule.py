"""The seed rule: from a seed to the noise of its curve. `train.export.seed_rule` is the same as an
ONNX graph."""

import torch
from torch import nn

from train.noise import philox


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
