"""The seeds and the noise of the matrix, and what torch computes of them in float64."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from curvegan.repository.description import ModelName, Specs, Tensor
from train.export.sampler import Sampler
from train.export.torchscript import load_torchscript
from train.gan.networks import make_generator
from train.noise.seed_rule import SeedNoise

N_ROWS = 2_000
# What the seed rule holds in a sampler's `model.pt`.
_KEYS = "noise.keys"


@dataclass(frozen=True)
class Rows:
    """Inputs of the tensor `spec`, seeds int64 [n] or noise float32 [n, n_noise], and their curves,
    float64 [n, n_points]."""

    spec: Tensor
    inputs: npt.NDArray[Any]
    curves: npt.NDArray[np.float64]


def seeds_and_noise(generator: bytes, specs: Specs) -> dict[str, Rows]:
    """Returns the rows for the sampler, then for the generator, by the name of the model.

    `generator` is the content of its `model.pt`. The noise is that of the seeds: rounded to float32
    once, as the seed rule has it. All that comes after is float64.
    """
    exact = eager_model(generator).double()
    n_noise = next(exact.parameters()).shape[1]
    seeds = _seeds()
    with torch.inference_mode():
        noise = SeedNoise(n_noise)(torch.from_numpy(seeds))
        curves = exact(noise.double()).numpy()
    inputs: dict[ModelName, npt.NDArray[Any]] = {"sampler": seeds, "generator": noise.numpy()}
    return {name: Rows(specs[name].inputs[0], inputs[name], curves) for name in inputs}


def eager_model(content: bytes) -> nn.Module:
    """Returns the model of a `model.pt` in torch's own modules."""
    state = load_torchscript(content).state_dict()
    is_sampler = state.pop(_KEYS, None) is not None
    weights = {name.removeprefix("generator."): weight for name, weight in state.items()}
    n_noise, n_points = weights["0.weight"].shape[1], weights["2.weight"].shape[0]
    generator = make_generator(n_noise, n_points)
    generator.load_state_dict(weights)
    return (Sampler(generator, n_noise) if is_sampler else generator).eval()


def _seeds() -> npt.NDArray[np.int64]:
    """Returns int64's ends, small numbers of both signs, and random ones: int64 [N_ROWS]."""
    limits = np.iinfo(np.int64)
    chosen = np.array([limits.min, limits.min + 1, limits.max - 1, limits.max, *range(-498, 498)])
    random = np.random.default_rng(0).integers(
        limits.min, limits.max, N_ROWS - len(chosen), np.int64, endpoint=True
    )
    return np.concatenate([chosen, random])
