"""Which GAN of a population is exported: the best on noise that no training and no measure of the
published model sees."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from curvegan.errors import CurveganError
from train.data.source import Source
from train.noise.seed_rule import SeedNoise
from train.quality.measures import N_SEEDS, Measures, distance
from train.run.folder import Member
from train.run.history import History
from train.settings import Settings

# Seeds after those by which the exported model is measured.
HELD_OUT_SEEDS = range(N_SEEDS, N_SEEDS + 50_000)


def choose(
    generators: Sequence[nn.Module],
    source: Source,
    measures: Measures,
    settings: Settings,
    history: History,
) -> tuple[int, list[Member]]:
    """Returns the number of the generator that is nearest to the real curves, and what is known of
    each.

    Raises CurveganError if no generator makes finite curves.
    """
    qualities = measure_held_out(generators, settings.recipe.n_noise, source, measures)
    distances = [distance(quality, measures) if quality else math.inf for quality in qualities]
    best = int(np.argmin(distances))
    if math.isinf(distances[best]):
        raise CurveganError(
            "no generator makes finite curves: nothing was published; train with smaller "
            "learning rates (--lr-g, --lr-d)"
        )
    members = []
    for number, (seed, quality) in enumerate(zip(settings.seeds, qualities, strict=True)):
        ended = history.mean_at_end(number)
        members.append(Member(seed, quality, *ended, exported=number == best))
    return best, members


def measure_held_out(
    generators: Sequence[nn.Module], n_noise: int, source: Source, measures: Measures
) -> list[dict[str, float] | None]:
    """Returns each generator's quality on the held-out noise, None if its curves are not finite."""
    noise = SeedNoise(n_noise)(torch.tensor(HELD_OUT_SEEDS))
    with torch.no_grad():
        return [_measure(generator(noise), source, measures) for generator in generators]


def _measure(curves: torch.Tensor, source: Source, measures: Measures) -> dict[str, float] | None:
    return measures.of(curves.numpy(), source) if curves.isfinite().all() else None
