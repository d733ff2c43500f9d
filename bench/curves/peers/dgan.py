"""DGAN of gretel-synthetics: DoppelGANger, a Wasserstein GAN whose generator is an LSTM."""

import contextlib
from typing import Any

import numpy as np
import torch
from gretel_synthetics.timeseries_dgan.config import DGANConfig
from gretel_synthetics.timeseries_dgan.dgan import DGAN

from bench.curves.peers.process import Budget, Curves, Generate, run

# An LSTM's step makes several points, so that it takes at most so many steps for a curve.
MAX_LSTM_STEPS = 20
# That of the paper's own code; the library's 1,024 are more than most of these sets have.
BATCH_SIZE = 100


class _SpentError(Exception):
    pass


def train(curves: Curves, budget: Budget, seed: int) -> Generate:
    """Trains with the library's defaults, and what its example changes for curves without
    attributes."""
    np.random.seed(seed)
    torch.manual_seed(seed)
    n, n_points = curves.shape
    model = DGAN(
        DGANConfig(
            max_sequence_len=n_points,
            sample_len=points_a_step(n_points),
            batch_size=min(BATCH_SIZE, n),
            apply_example_scaling=False,
            use_attribute_discriminator=False,
            epochs=10**9,
        )
    )

    def stop_if_spent(_: Any) -> None:
        if budget.is_spent:
            raise _SpentError

    with contextlib.suppress(_SpentError):
        model.train_numpy(curves[:, :, np.newaxis], progress_callback=stop_if_spent)

    def generate(count: int) -> Curves:
        _, features = model.generate_numpy(count)
        made: Curves = np.stack(features)[:, :, 0]
        return made

    return generate


def points_a_step(n_points: int) -> int:
    """Returns how many points a step of the LSTM makes: a divisor of `n_points`."""
    return next(
        length
        for length in range(1, n_points + 1)
        if n_points % length == 0 and n_points // length <= MAX_LSTM_STEPS
    )


if __name__ == "__main__":
    run(train)
