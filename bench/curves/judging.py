"""The measures by which generators are compared, on held-out curves. The same for all of them.

Stands in for `train.quality` and the split of `train.data` until these have what is here.
"""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from curvegan.arrays import Float64Array
from curvegan.repository.description import Measure
from train.data.table import split as table

_N_DIRECTIONS = 200
_N_DRAWS = 10
_NEIGHBOUR = 5
_COPY_NOISE = 0.05

MEASURES = (
    Measure("energy_distance", "energy distance", "lower"),
    Measure("sliced_w1", "sliced W1", "lower", digits=3),
    Measure("auc_random_forest", "forest AUC", "lower", digits=3),
    Measure("auc_logistic", "logistic AUC", "lower", digits=3),
    Measure("neighbour_ratio", "nearest-neighbour ratio", "nearer", digits=3),
    Measure("coverage", "coverage", "higher", digits=3),
)


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

    def yardsticks(self) -> dict[str, tuple[Float64Array, Self]]:
        """Returns curves to compare generated ones with, as many as are held out, by what they are.

        Beside them stands what they are to be judged by: other real curves are taken from the
        training's, which then has the rest.
        """
        rng = np.random.default_rng(self.seed)
        n, n_rows = len(self.held_out), len(self.training)
        order = rng.permutation(n_rows)
        copied = self.training[rng.choice(n_rows, n, replace=False)]
        blur = _COPY_NOISE * self.training.std(axis=0) * rng.standard_normal(copied.shape)
        # A weighted sum of rows has their covariance.
        mean = self.training.mean(axis=0)
        weights = rng.standard_normal((n, n_rows)) / np.sqrt(n_rows - 1)
        rest = replace(self, training=self.training[order[n:]])
        return {
            "other real curves": (self.training[order[:n]], rest),
            "training curves, 5 % noise": (copied + blur, self),
            "fitted Gaussian": (mean + weights @ (self.training - mean), self),
        }


def judge(made: Float64Array, split: Split) -> dict[str, float]:
    """Returns each measure's figure by its name, of at least as many curves as are held out."""
    mean, spread = split.training.mean(axis=0), split.training.std(axis=0)
    kept = spread > 0

    def standardised(curves: Float64Array) -> Float64Array:
        scaled: Float64Array = (curves[:, kept] - mean[kept]) / spread[kept]
        return scaled

    real, training = standardised(split.held_out), standardised(split.training)
    made = standardised(made[: len(real)])
    forest = RandomForestClassifier(200, random_state=0, n_jobs=1)
    return {
        "energy_distance": energy_distance(made, real),
        "sliced_w1": sliced_w1(made, real),
        "auc_random_forest": auc(forest, made, real),
        "auc_logistic": auc(LogisticRegression(max_iter=500), made, real),
        "neighbour_ratio": neighbour_ratio(made, training, real),
        "coverage": coverage(real, made),
    }


def distances(some: Float64Array, others: Float64Array) -> Float64Array:
    """Returns the distance of each of `some` to each of `others`: the root of the mean square over
    points, float64 [n, m]."""
    squares = (some**2).sum(axis=1)[:, np.newaxis] + (others**2).sum(axis=1) - 2 * some @ others.T
    roots: Float64Array = np.sqrt(np.maximum(squares, 0) / some.shape[1])
    return roots


def energy_distance(made: Float64Array, real: Float64Array) -> float:
    """Returns 2 E d(made, real) - E d(made, made') - E d(real, real')."""

    def within(curves: Float64Array) -> float:
        n = len(curves)
        between = distances(curves, curves)
        np.fill_diagonal(between, 0)
        return float(between.sum() / (n * (n - 1)))

    return float(2 * distances(made, real).mean() - within(made) - within(real))


def sliced_w1(made: Float64Array, real: Float64Array) -> float:
    """Returns the Wasserstein-1 distance along a direction: the mean over random ones."""
    directions = np.random.default_rng(0).standard_normal((real.shape[1], _N_DIRECTIONS))
    directions /= np.linalg.norm(directions, axis=0)
    apart = np.sort(made @ directions, axis=0) - np.sort(real @ directions, axis=0)
    return float(np.abs(apart).mean())


def auc(classifier: Any, made: Float64Array, real: Float64Array) -> float:
    """Returns how well a classifier tells generated from held-out curves, cross-validated: 0.5
    can't tell, 1 always can."""
    curves = np.concatenate([made, real])
    is_real = np.repeat([0, 1], [len(made), len(real)])
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    scores = cross_val_predict(classifier, curves, is_real, cv=folds, method="predict_proba")
    return float(roc_auc_score(is_real, scores[:, 1]))


def neighbour_ratio(made: Float64Array, training: Float64Array, real: Float64Array) -> float:
    """Returns the distance to the nearest training curve over that to the nearest held-out one.

    Of each the median over generated curves. There are as many training curves as held-out ones,
    drawn several times.
    """
    rng = np.random.default_rng(0)
    to_training = distances(made, training)

    def draw() -> float:
        drawn = rng.choice(len(training), len(real), replace=False)
        return float(np.median(to_training[:, drawn].min(axis=1)))

    to_real = float(np.median(distances(made, real).min(axis=1)))
    return float(np.mean([draw() for _ in range(_N_DRAWS)])) / to_real


def coverage(real: Float64Array, made: Float64Array) -> float:
    """Returns the share of held-out curves to which a generated one is as near as their fifth
    held-out neighbour."""
    radius = np.sort(distances(real, real), axis=1)[:, _NEIGHBOUR]
    return float((distances(real, made).min(axis=1) <= radius).mean())
