"""The seeds and the noise of the matrix, and what torch computes of them in float64."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from curvegan.repository.description import ModelName, Specs, Tensor
from train.export.parity import allowed_differences
from train.export.torchscript import load_torchscript
from train.noise.seed_rule import SeedNoise

N_ROWS = 2_000
# Of what runtimes may differ from each other by: each is to be as near to the exact curve.
_SHARE = 0.5


@dataclass(frozen=True)
class Rows:
    """Inputs of the tensors `specs`, seeds int64 [n] or noise float32 [n, n_noise], and labels
    int64 [n] if the model takes them; and their curves, float64 [n, n_points]."""

    specs: list[Tensor]
    inputs: list[npt.NDArray[Any]]
    curves: npt.NDArray[np.float64]

    @property
    def allowed(self) -> npt.NDArray[np.float64]:
        """How far a runtime may be from `curves` at each point: float64 [n_points]."""
        return _SHARE * allowed_differences(self.curves)


def seeds_and_noise(generator: bytes, specs: Specs, n_labels: int) -> dict[str, Rows]:
    """Returns the rows for the sampler, then for the generator, by the name of the model.

    `generator` is the content of its `model.pt`. The noise is that of the seeds: rounded to float32
    once, as the seed rule has it. All that comes after is float64. Each of the `n_labels` classes
    comes in turn.
    """
    exact = load_torchscript(generator).double()
    seeds = _seeds()
    labels = [np.arange(N_ROWS) % n_labels] if n_labels else []
    with torch.inference_mode():
        noise = SeedNoise(specs["generator"].inputs[0].width)(torch.from_numpy(seeds))
        curves = exact(noise.double(), *map(torch.from_numpy, labels)).numpy()
    first: dict[ModelName, npt.NDArray[Any]] = {"sampler": seeds, "generator": noise.numpy()}
    return {name: Rows(specs[name].inputs, [first[name], *labels], curves) for name in first}


def _seeds() -> npt.NDArray[np.int64]:
    """Returns int64's ends, small numbers of both signs, and random ones: int64 [N_ROWS]."""
    limits = np.iinfo(np.int64)
    chosen = np.array([limits.min, limits.min + 1, limits.max - 1, limits.max, *range(-498, 498)])
    random = np.random.default_rng(0).integers(
        limits.min, limits.max, N_ROWS - len(chosen), np.int64, endpoint=True
    )
    return np.concatenate([chosen, random])
