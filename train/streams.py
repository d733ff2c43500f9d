"""The random numbers of a training: a pure function of its seed and the step."""

import torch

from train import philox
from train.families import CurveFamily

# Steps whose numbers are made at once, so that making them costs little a step.
STEPS_PER_BLOCK = 100

# Keys of a training's blocks: of its noise, from here on, and of its real curves. The seeds of
# the sampler use the keys from 0 on, so a training never sees the noise by which it is measured.
NOISE_KEY = 0x80000000
REAL_KEY = 0xFFFFFFFF


class TrainingStream:
    """The real curves and the noise of each step of the training with the given seed.

    Row r of step s is made from the counter (s · batch_size + r, seed), so a stream can begin at
    any step, and a training sees the same numbers whatever runs beside it.
    """

    def __init__(
        self, seed: int, family: CurveFamily, batch_size: int, n_noise: int, device: torch.device
    ) -> None:
        self._seed = torch.tensor([seed], device=device)
        self._real_key = torch.tensor([REAL_KEY], device=device)
        self._noise_keys = philox.block_keys(NOISE_KEY, n_noise).to(device)
        self._n_noise = n_noise
        self._family = family
        self._batch_size = batch_size

    def block(self, first_step: int, n_steps: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns the batches of `n_steps` steps from `first_step` on.

        Real curves are float32 [n_steps, batch_size, n_points], noise is float32
        [n_steps, batch_size, n_noise].
        """
        n_rows = n_steps * self._batch_size
        rows = first_step * self._batch_size + torch.arange(n_rows, device=self._seed.device)
        noise = philox.normals(rows, self._seed, self._noise_keys, self._n_noise)
        word, _ = philox.philox(rows, self._seed, self._real_key)
        real = self._family.curves(philox.uniform(word).unsqueeze(1))
        shape = (n_steps, self._batch_size, -1)
        return real.view(shape), noise.view(shape)
