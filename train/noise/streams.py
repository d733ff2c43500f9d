"""The random numbers of trainings: a pure function of a training's seed and the step."""

from collections.abc import Sequence
from typing import NamedTuple

import torch

from train.data.source import Source
from train.noise import philox

# Keys of a training's blocks: of its noise, from here on, and of its real curves. The seeds of
# the sampler use the keys from 0 on, so a training never sees the noise by which it is measured.
NOISE_KEY = 0x80000000
REAL_KEY = 0xFFFFFFFF


class Block(NamedTuple):
    """The batches of some steps: real curves, float32 [n_steps, K, batch_size, n_points], noise,
    float32 [n_steps, K, batch_size, n_noise], and the classes of the real curves, int64
    [n_steps, K, batch_size], None for curves without labels."""

    real: torch.Tensor
    noise: torch.Tensor
    classes: torch.Tensor | None


class TrainingStream:
    """The real curves, their classes and the noise of each step of the trainings with the K given
    seeds.

    Row r of step s is made from the counter (s · batch_size + r, seed): its noise, and the number
    of the row that it takes from the source. So a stream can begin at any step, and a training
    sees the same numbers whatever runs beside it.
    """

    def __init__(
        self,
        seeds: Sequence[int],
        source: Source,
        batch_size: int,
        n_noise: int,
        device: torch.device,
    ) -> None:
        self._seeds = torch.tensor(seeds, device=device)[:, None]
        self._real_key = torch.tensor([REAL_KEY], device=device)
        self._noise_keys = philox.block_keys(NOISE_KEY, n_noise).to(device)
        self._n_noise = n_noise
        self._source = source
        self._batch_size = batch_size

    def block(self, first_step: int, n_steps: int) -> Block:
        """Returns the batches of `n_steps` steps from `first_step` on."""
        device = self._seeds.device
        steps = torch.arange(first_step, first_step + n_steps, device=device)[:, None, None]
        counters = steps * self._batch_size + torch.arange(self._batch_size, device=device)
        noise = philox.normals(counters, self._seeds, self._noise_keys, self._n_noise)
        word, _ = philox.philox(counters, self._seeds, self._real_key)
        numbers = philox.below(word, self._source.n_rows)
        classes = self._source.classes(numbers) if self._source.labels else None
        return Block(self._source.rows(numbers), noise, classes)
