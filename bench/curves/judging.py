"""The measures by which generators are compared: those of `train.quality`, on curves that a
training of ours holds out. The same for all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from bench.train.array_source import ArraySource
from curvegan.arrays import Float64Array
from train.data.table import split as table
from train.quality.comparisons import COMPARISONS
from train.quality.samples import Reference, Sample, curves_to_judge

# The columns of a table: a measure's name, and what the column is called.
COLUMNS = {
    "energy_distance": "energy distance",
    "sliced_w1": "sliced W1",
    "auc_random_forest": "forest AUC",
    "auc_logistic": "logistic AUC",
    "neighbour_ratio": "nearest-neighbour ratio",
    "coverage": "coverage",
}

# A figure is the mean over so many samples.
_DRAWS = 5


@dataclass(frozen=True)
class Split:
    """The curves of a set, of which some are trained on and some are held out, float64
    [n, n_points] each."""

    curves: Float64Array
    seed: int
    training: Float64Array
    held_out: Float64Array

    @classmethod
    def of(cls, curves: Float64Array, seed: int) -> Self:
        """Splits curves as our training with that seed does."""
        is_held_out = table.Split(seed).held_out(len(curves))
        return cls(curves, seed, curves[~is_held_out], curves[is_held_out])

    @property
    def source(self) -> ArraySource:
        """The curves, as what a training needs to know of them."""
        return ArraySource(self.training, held_out_curves=self.held_out)

    @cached_property
    def reference(self) -> Reference:
        """The real curves by which generated ones are judged."""
        return Reference.of(self.source)

    @property
    def n_to_judge(self) -> int:
        """How many generated curves to judge a generator by."""
        return min(curves_to_judge(self.curves.shape[1]), 10 * len(self.held_out))


def judge(made: Float64Array, split: Split) -> dict[str, float]:
    """Returns the figures of generated curves, [n, n_points], by the names of COLUMNS."""
    reference, rng = split.reference, np.random.default_rng(0)
    n = min(reference.n, len(made))
    return _figures(lambda: reference.sample(made.astype(np.float32), rng, n))


def yardsticks(split: Split) -> dict[str, dict[str, float]]:
    """Returns the figures of curves to compare generated ones with, by what they are."""
    reference, rng = split.reference, np.random.default_rng(0)
    return {
        "other real curves": _figures(lambda: reference.real(rng)),
        "training curves, 5 % noise": _figures(lambda: reference.copies(rng)),
        "fitted Gaussian": _figures(lambda: reference.gaussian(rng)),
    }


def _figures(draw: Callable[[], Sample]) -> dict[str, float]:
    samples = [draw() for _ in range(_DRAWS)]
    return {
        comparison.measure.name: float(np.mean([comparison.of(sample) for sample in samples]))
        for comparison in COMPARISONS
        if comparison.measure.name in COLUMNS
    }
