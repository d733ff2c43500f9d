"""How good a generator is, measured on the curves that its exported sampler gives."""

import numpy as np

from curvegan.arrays import Float32Array, Float64Array
from train.data.quadratics import Quadratics

# The seeds 0 ... 99,999. Perfect curves would reach a W1(a) of about 0.001 at this number.
N_SEEDS = 100_000

# How far out of bounds a point may be and still count as within.
BOUNDS_SLACK = 1e-3

# Curves in float64 at a time, so that curves of many points fit into memory.
_ROWS_AT_ONCE = 4096


def best_a(curves: Float32Array, family: Quadratics) -> Float64Array:
    """Returns the a of the family's curve that is nearest to each curve, float64 [n]."""
    shape = family.x_grid**2 + 1
    a: Float64Array = (curves.astype(np.float64) + 1) @ shape / (shape @ shape)
    return a


def distance(quality: dict[str, float]) -> float:
    """Returns how far a generator is from the family, in y: W1(a) plus off-family RMSE."""
    return quality["w1_a"] + quality["off_family_rmse"]


def measure_quadratics(curves: Float32Array, family: Quadratics) -> dict[str, float]:
    """Returns the quality of `curves`, float32 [n, n_points], as samples of the quadratics.

    Every curve is first fitted by the best a, the least-squares â of y + 1 = a·(x² + 1).

    w1_a: the Wasserstein-1 distance between the â and U(1, 2); 0 is best
    off_family_rmse: the mean over curves of their root-mean-square distance from the fit, in y
    in_bounds: the share of curves with every point within the family's bounds; 1 is best
    """
    shape = family.x_grid**2 + 1
    lower, upper = family.bounds
    a, rmse, in_bounds = np.empty((3, len(curves)))
    for start in range(0, len(curves), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        y = curves[rows].astype(np.float64)
        a[rows] = best_a(curves[rows], family)
        residuals = y + 1 - a[rows, np.newaxis] * shape
        rmse[rows] = np.sqrt((residuals**2).mean(axis=1))
        within = (y >= lower - BOUNDS_SLACK) & (y <= upper + BOUNDS_SLACK)
        in_bounds[rows] = within.all(axis=1)
    quantiles = 1 + (np.arange(len(a)) + 0.5) / len(a)
    return {
        "w1_a": float(np.abs(np.sort(a) - quantiles).mean()),
        "off_family_rmse": float(rmse.mean()),
        "in_bounds": float(in_bounds.mean()),
    }
