"""Which GAN of a population is exported: the best on noise that no training and no measure of the
published model sees.

A family's own measures choose, as far as it has any; else the energy distance to training rows. The
held-out rows do not: the best of many by them would look better on them than it is.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from torch import nn

from curvegan.arrays import Float32Array
from curvegan.errors import CurveganError
from train.data.source import Source
from train.noise.seed_rule import SeedNoise
from train.quality.distributions import energy_distance
from train.quality.measures import ENERGY_TO_TRAINING, N_SEEDS, Measures, distance
from train.quality.samples import NotMeasuredError, Reference, curves_a_side, draw_classes
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
    distances = held_out_distances(qualities, measures)
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
    measure: Callable[[Float32Array], dict[str, float]] = partial(measures.of, source=source)
    seeds = HELD_OUT_SEEDS
    if not list(measures):
        measure = _energy_to_training(source)
        seeds = seeds[: curves_a_side(source.n_points)]
    inputs = [SeedNoise(n_noise)(torch.tensor(seeds))]
    if source.labels:
        inputs.append(torch.from_numpy(draw_classes(source, len(seeds))))
    with torch.no_grad():
        curves = (generator(*inputs) for generator in generators)
        return [measure(made.numpy()) if made.isfinite().all() else None for made in curves]


def held_out_distances(
    qualities: Sequence[dict[str, float] | None], measures: Measures
) -> list[float]:
    """Returns by how much each generator of these qualities is off: what the best has least of, and
    infinitely much if its curves are not finite."""
    by = list(measures) or [ENERGY_TO_TRAINING]
    return [math.inf if quality is None else distance(quality, by) for quality in qualities]


def _energy_to_training(source: Source) -> Callable[[Float32Array], dict[str, float]]:
    """Returns what measures curves, float32 [n, n_points], by the same training rows each time."""
    try:
        reference = Reference.of(source)
    except NotMeasuredError:
        return lambda _: {}
    return lambda curves: {
        ENERGY_TO_TRAINING.name: energy_distance(reference.beside_training(curves))
    }
