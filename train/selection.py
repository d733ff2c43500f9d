"""Which GAN of a population is exported: the best on noise that no training and no measure of the
published model sees."""

from collections.abc import Sequence

import torch
from torch import nn

from train.families import Quadratics
from train.history import History
from train.networks import SeedNoise
from train.quality import N_SEEDS, measure_quadratics
from train.recipes import Settings
from train.runs import Member

# Seeds after those by which the exported model is measured.
HELD_OUT_SEEDS = range(N_SEEDS, N_SEEDS + 50_000)


def choose(
    generators: Sequence[nn.Sequential], family: Quadratics, settings: Settings, history: History
) -> tuple[int, list[Member]]:
    """Returns the number of the best generator, and what is known of each.

    The best has the smallest sum of W1(a) and off-family RMSE, which are both distances in y.
    A GAN that diverged is never the best.
    """
    noise = SeedNoise(settings.recipe.n_noise)(torch.tensor(HELD_OUT_SEEDS))
    qualities = [_measure(generator, noise, family) for generator in generators]
    best = min(range(len(qualities)), key=lambda number: _distance(qualities[number]))
    members = []
    for number, (seed, quality) in enumerate(zip(settings.seeds, qualities, strict=True)):
        members.append(Member(seed, quality, *history.mean_at_end(number), exported=number == best))
    return best, members


def _measure(
    generator: nn.Sequential, noise: torch.Tensor, family: Quadratics
) -> dict[str, float] | None:
    with torch.no_grad():
        curves = generator(noise)
    return measure_quadratics(curves.numpy(), family) if curves.isfinite().all() else None


def _distance(quality: dict[str, float] | None) -> float:
    return quality["w1_a"] + quality["off_family_rmse"] if quality else float("inf")
