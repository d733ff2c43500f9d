"""The measures of the tutorial's family: each curve is fitted by the a of the nearest one.

That is the least-squares â of y + 1 = a·(x² + 1).
"""

from collections.abc import Callable

import numpy as np

from curvegan.arrays import Float32Array, Float64Array
from curvegan.repository.description import Measure
from train.data.source import Source
from train.quality.measures import Measures

# How far out of bounds a point may be and still count as within.
BOUNDS_SLACK = 1e-3

# Curves in float64 at a time, so that curves of many points fit into memory.
_ROWS_AT_ONCE = 4096


def w1_a(curves: Float32Array, source: Source) -> float:
    """Returns the Wasserstein-1 distance between the curves' a and U(1, 2)."""
    (parameter,) = source.parameters
    a = _in_parts(curves, parameter.of)
    levels = (np.arange(len(a)) + 0.5) / len(a)
    quantiles = parameter.low + (parameter.high - parameter.low) * levels
    return float(np.abs(np.sort(a) - quantiles).mean())


def off_family_rmse(curves: Float32Array, source: Source) -> float:
    """Returns the mean over curves of their root-mean-square distance from the fit, in y."""

    (parameter,) = source.parameters
    shape = source.x_grid**2 + 1

    def rmse(y: Float64Array) -> Float64Array:
        residuals = y + 1 - parameter.of(y)[:, np.newaxis] * shape
        distances: Float64Array = np.sqrt((residuals**2).mean(axis=1))
        return distances

    return float(_in_parts(curves, rmse).mean())


def in_bounds(curves: Float32Array, source: Source) -> float:
    """Returns the share of curves with every point within the family's bounds."""
    assert source.bounds
    lower, upper = source.bounds

    def within(y: Float64Array) -> Float64Array:
        points = (y >= lower - BOUNDS_SLACK) & (y <= upper + BOUNDS_SLACK)
        return np.asarray(points.all(axis=1), np.float64)

    return float(_in_parts(curves, within).mean())


MEASURES = Measures(
    {
        Measure("w1_a", "W1(a)", "lower", floor=0.001): w1_a,
        Measure("off_family_rmse", "off-family RMSE", "lower", floor=0.0): (off_family_rmse),
        Measure("in_bounds", "in bounds", "higher", floor=1.0, digits=3): in_bounds,
    }
)


def _in_parts(
    curves: Float32Array, compute: Callable[[Float64Array], Float64Array]
) -> Float64Array:
    """Returns a number of each curve, computed from part after part of them in float64."""
    numbers = np.empty(len(curves))
    for start in range(0, len(curves), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        numbers[part] = compute(curves[part].astype(np.float64))
    return numbers
