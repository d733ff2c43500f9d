"""The seeds and the noise of the matrix, and what torch computes of them in float64."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from train.export.sampler import Sampler
from train.export.torchscript import load_torchscript
from train.gan.networks import make_generator
from train.noise.seed_rule import SeedNoise

N_ROWS = 2_000


@dataclass(frozen=True)
class Rows:
    """Inputs, seeds int64 [n] or noise float32 [n, n_noise], and their curves, float64
    [n, n_points]."""

    inputs: npt.NDArray[Any]
    curves: npt.NDArray[np.float64]

    @property
    def kind(self) -> str:
        """What the inputs are, which is also the name of the model's input."""
        return "seeds" if self.inputs.ndim == 1 else "noise"

    @property
    def width(self) -> int:
        """Numbers in a row."""
        return 1 if self.inputs.ndim == 1 else self.inputs.shape[1]


def seeds_and_noise(generator: bytes) -> dict[str, Rows]:
    """Returns the rows for the sampler, then for the generator, by the name of the model.

    `generator` is the content of its `model.pt`. The noise is that of the seeds: rounded to float32
    once, as the seed rule has it. All that comes after is float64.
    """
    exact = eager_model(generator, "noise").double()
    n_noise = next(exact.parameters()).shape[1]
    seeds = _seeds()
    with torch.inference_mode():
        noise = SeedNoise(n_noise)(torch.from_numpy(seeds))
        curves = exact(noise.double()).numpy()
    return {"sampler": Rows(seeds, curves), "generator": Rows(noise.numpy(), curves)}


def eager_model(content: bytes, kind: str) -> nn.Module:
    """Returns the model of a `model.pt` in torch's own modules, for an input of `kind`."""
    weights = {
        name.removeprefix("generator."): weight
        for name, weight in load_torchscript(content).state_dict().items()
        if name != "noise.keys"
    }
    n_noise, n_points = weights["0.weight"].shape[1], weights["2.weight"].shape[0]
    generator = make_generator(n_noise, n_points)
    generator.load_state_dict(weights)
    return (Sampler(generator, n_noise) if kind == "seeds" else generator).eval()


def _seeds() -> npt.NDArray[np.int64]:
    """Returns int64's ends, small numbers of both signs, and random ones: int64 [N_ROWS]."""
    limits = np.iinfo(np.int64)
    chosen = np.array([limits.min, limits.min + 1, limits.max - 1, limits.max, *range(-498, 498)])
    random = np.random.default_rng(0).integers(
        limits.min, limits.max, N_ROWS - len(chosen), np.int64, endpoint=True
    )
    return np.concatenate([chosen, random])
