"""What generated curves are compared with: rows that no training saw, and the training's own.

All of it standardised: each point less the training rows' mean, in units of their spread.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import torch

from curvegan.arrays import Float32Array, Float64Array, Int64Array
from train.data.source import Source

# At most so many curves a side, and so many numbers in a table of distances between them, so that
# judging takes as long for millions of rows, and for thousands of points, as for few.
MAX_CURVES = 2000
MAX_TRAINING_ROWS = 20_000
_MAX_PRODUCTS = 4 * 10**8
_MAX_TRAINING_NUMBERS = 10**7

# Generated curves to draw samples from, for each one of a sample.
_POOL = 10

# What copies are blurred with, in units of a point's spread.
COPY_NOISE = 0.05

# So few that a part of a table of distances stays in a cache.
_ROWS_AT_ONCE = 200


class NotMeasuredError(Exception):
    """A measure has no value here; the message says why."""


def curves_a_side(n_points: int) -> int:
    """Returns how many curves of so many points are compared with as many."""
    return min(MAX_CURVES, int(np.sqrt(_MAX_PRODUCTS / n_points)))


def curves_to_judge(n_points: int) -> int:
    """Returns how many generated curves of so many points to judge a generator by."""
    return _POOL * curves_a_side(n_points)


def draw_classes(source: Source, n: int) -> Int64Array:
    """Returns `n` classes, as often each as in training rows: int64 [n], 0 without labels."""
    if not source.labels:
        return np.zeros(n, np.int64)
    rows = np.random.default_rng(0).integers(source.n_rows, size=n)
    return np.asarray(source.classes(torch.from_numpy(rows)).numpy(), np.int64)


@dataclass(frozen=True)
class Sample:
    """Curves that are judged, by as many that were held out and by the training's rows.

    `judged` and `held_out` are float64 [n, n_points], `training` float64 [n_rows, n_points].
    """

    judged: Float64Array
    held_out: Float64Array
    training: Float64Array

    @cached_property
    def between(self) -> Float64Array:
        """The distance of each judged curve to each held-out one, float64 [n, n]."""
        return distances(self.judged, self.held_out)

    @cached_property
    def within_judged(self) -> Float64Array:
        """The distances among judged curves, float64 [n, n]."""
        return distances(self.judged, self.judged)

    @cached_property
    def within_held_out(self) -> Float64Array:
        """The distances among held-out curves, float64 [n, n]."""
        return distances(self.held_out, self.held_out)

    @cached_property
    def judged_to_training(self) -> Float64Array:
        """The distance of each judged curve to the nearest training row, float64 [n]."""
        return nearest(self.judged, self.training)

    @cached_property
    def held_out_to_training(self) -> Float64Array:
        """The distance of each held-out curve to the nearest training row, float64 [n]."""
        return nearest(self.held_out, self.training)


@dataclass(frozen=True)
class Reference:
    """The real curves by which generated ones are judged.

    `mean` and `spread` are those of the training rows, float64 [n_points]; points without spread
    are left out of `training` and `held_out`, float64 [n, n_kept], whose classes stand beside them.
    """

    mean: Float64Array
    spread: Float64Array
    training: Float64Array
    training_classes: Int64Array
    held_out: Float64Array
    held_out_classes: Int64Array

    @classmethod
    def of(cls, source: Source) -> Self:
        """Takes as many rows of a source as are compared.

        Raises NotMeasuredError if the training rows are all the same.
        """
        n_rows = min(
            source.n_rows, MAX_TRAINING_ROWS, max(2, _MAX_TRAINING_NUMBERS // source.n_points)
        )
        picked = np.random.default_rng(0).choice(source.n_rows, n_rows, replace=False)
        numbers = torch.from_numpy(np.sort(picked))
        training = source.rows(numbers).numpy().astype(np.float64)
        held_out, held_out_classes = source.held_out(curves_a_side(source.n_points))
        mean, spread = training.mean(axis=0), training.std(axis=0)
        if not spread.any():
            raise NotMeasuredError("all training curves are the same")
        return cls(
            mean,
            spread,
            _standardise(training, mean, spread),
            _classes(source, numbers),
            _standardise(held_out, mean, spread),
            held_out_classes,
        )

    @property
    def n(self) -> int:
        """How many curves are compared with as many: so that as many training rows can be judged,
        with as many left."""
        return min(len(self.held_out), len(self.training) // 2)

    def of_class(self, number: int) -> Self:
        """Returns the curves of one class."""
        training = self.training_classes == number
        held_out = self.held_out_classes == number
        return type(self)(
            self.mean,
            self.spread,
            self.training[training],
            self.training_classes[training],
            self.held_out[held_out],
            self.held_out_classes[held_out],
        )

    def sample(self, curves: Float32Array, rng: np.random.Generator, n: int) -> Sample:
        """Returns `n` of the generated `curves`, float32 [n_curves, n_points], beside as many that
        were held out."""
        judged = _standardise(curves[_some(len(curves), rng, n)], self.mean, self.spread)
        return Sample(judged, self._some_held_out(rng, n), self.training)

    def beside_training(self, curves: Float32Array) -> Sample:
        """Returns generated `curves`, float32 [n_curves, n_points], beside as many training rows
        instead of held-out ones; the same ones each time."""
        n = min(len(curves), len(self.training))
        rows = self.training[_some(len(self.training), np.random.default_rng(0), n)]
        return Sample(_standardise(curves[:n], self.mean, self.spread), rows, self.training)

    def beside_held_out(self, curves: Float32Array) -> Sample:
        """Returns all generated `curves`, float32 [n_curves, n_points], beside all that were held
        out, which may be fewer."""
        judged = _standardise(curves, self.mean, self.spread)
        return Sample(judged, self.held_out, self.training)

    def real(self, rng: np.random.Generator) -> Sample:
        """Returns training rows to be judged as if they were generated; the training has the
        others."""
        order = rng.permutation(len(self.training))
        judged, others = order[: self.n], order[self.n :]
        held_out = self._some_held_out(rng, self.n)
        return Sample(self.training[judged], held_out, self.training[others])

    def copies(self, rng: np.random.Generator) -> Sample:
        """Returns training rows with a little noise."""
        rows = self.training[_some(len(self.training), rng, self.n)]
        copies = rows + COPY_NOISE * rng.standard_normal(rows.shape)
        return Sample(copies, self._some_held_out(rng, self.n), self.training)

    def gaussian(self, rng: np.random.Generator) -> Sample:
        """Returns normally distributed curves, of the training rows' mean and covariance.

        The covariance is not computed: the sum of rows with random weights has it, and is good for
        more points than rows, too.
        """
        mean = self.training.mean(axis=0)
        rows = (self.training - mean) / np.sqrt(len(self.training) - 1)
        if len(rows) > rows.shape[1]:
            # As many rows as points have the same covariance, and need fewer weights.
            rows = np.linalg.qr(rows, mode="r")
        judged = mean + rng.standard_normal((self.n, len(rows))) @ rows
        return Sample(judged, self._some_held_out(rng, self.n), self.training)

    def _some_held_out(self, rng: np.random.Generator, n: int) -> Float64Array:
        return self.held_out[_some(len(self.held_out), rng, n)]


def distances(one: Float64Array, other: Float64Array) -> Float64Array:
    """Returns the distance of each curve to each other one, [n, n_points] and [m, n_points]: the
    root of the mean square over points, float64 [n, m]."""
    roots: Float64Array = np.sqrt(np.maximum(_squares(one, other), 0) / one.shape[1])
    return roots


def nearest(one: Float64Array, other: Float64Array) -> Float64Array:
    """Returns the distance of each curve to the nearest of others: float64 [n]."""
    parts = range(0, len(other), _ROWS_AT_ONCE)
    least = [_squares(one, other[part : part + _ROWS_AT_ONCE]).min(axis=1) for part in parts]
    # The root of the least square alone: to take all roots would be most of the work.
    roots: Float64Array = np.sqrt(np.maximum(np.min(least, axis=0), 0) / one.shape[1])
    return roots


def _squares(one: Float64Array, other: Float64Array) -> Float64Array:
    """Returns the sums of squared differences, float64 [n, m], which rounding may put below 0."""
    squares: Float64Array = (one**2).sum(axis=1)[:, np.newaxis] + (other**2).sum(axis=1)
    squares -= 2 * one @ other.T
    return squares


def _standardise(
    curves: Float32Array | Float64Array, mean: Float64Array, spread: Float64Array
) -> Float64Array:
    kept = spread > 0
    scaled: Float64Array = (curves[:, kept] - mean[kept]) / spread[kept]
    return scaled


def _classes(source: Source, numbers: torch.Tensor) -> Int64Array:
    if not source.labels:
        return np.zeros(len(numbers), np.int64)
    return np.asarray(source.classes(numbers).numpy(), np.int64)


def _some(n_rows: int, rng: np.random.Generator, n: int) -> Int64Array:
    return np.asarray(rng.choice(n_rows, n, replace=False), np.int64)
