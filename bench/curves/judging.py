"""The measures by which generators are compared: those of `train.quality`, on curves that a
training of ours holds out. The same for all of them."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from bench.train.array_source import ArraySource
from curvegan.arrays import Float64Array
from train.data.table import split as table
from train.quality.judge import Judgement
from train.quality.judge import judge as judge_by
from train.quality.measures import Measures
from train.quality.samples import curves_to_judge

# The columns of a table: a measure's name, and what the column is called.
COLUMNS = {
    "energy_distance": "energy distance",
    "sliced_w1": "sliced W1",
    "auc_random_forest": "forest AUC",
    "auc_logistic": "logistic AUC",
    "neighbour_ratio": "nearest-neighbour ratio",
    "coverage": "coverage",
}


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

    @property
    def n_to_judge(self) -> int:
        """How many generated curves to judge a generator by."""
        return min(curves_to_judge(self.curves.shape[1]), 10 * len(self.held_out))


def judge(made: Float64Array, split: Split) -> Judgement:
    """Judges generated curves, [n, n_points], beside the yardsticks."""
    classes = np.zeros(len(made), np.int64)
    return judge_by(made.astype(np.float32), classes, split.source, Measures({}))


def yardsticks(judgement: Judgement) -> dict[str, dict[str, float]]:
    """Returns the figures of curves to compare generated ones with, by what they are."""
    of = {measure.name: measure for measure in judgement.measures}
    known = [of[name] for name in COLUMNS if name in of]
    return {
        "other real curves": {it.name: it.floor for it in known if it.floor is not None},
        "training curves, 5 % noise": {it.name: it.copies for it in known if it.copies is not None},
        "fitted Gaussian": {it.name: it.gaussian for it in known if it.gaussian is not None},
    }
