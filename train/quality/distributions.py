"""How far apart the distributions of generated and of real curves are: as wholes, point by point,
and from point to point.

Energy distance: Székely and Rizzo 2013, "Energy statistics: a class of statistics based on
distances". Sliced Wasserstein: Bonneel et al. 2015, "Sliced and Radon Wasserstein barycenters of
measures".
"""

import numpy as np

from curvegan.arrays import Float64Array
from train.quality.samples import NotMeasuredError, Sample

_DIRECTIONS = 128


def energy_distance(sample: Sample) -> float:
    """Returns 2 E d(X, Y) - E d(X, X') - E d(Y, Y') of judged X and held-out Y.

    It is 0 on average where both come from one distribution, and may be a little below.
    """
    among = _mean_of_pairs(sample.within_judged) + _mean_of_pairs(sample.within_held_out)
    return float(2 * sample.between.mean() - among)


def sliced_w1(sample: Sample) -> float:
    """Returns the Wasserstein-1 distance of the projections onto a direction, the mean over
    directions that are the same at every call."""
    rng = np.random.default_rng(0)
    directions = rng.standard_normal((sample.judged.shape[1], _DIRECTIONS))
    directions /= np.linalg.norm(directions, axis=0)
    return float(w1(sample.judged @ directions, sample.held_out @ directions).mean())


def largest_w1(sample: Sample) -> float:
    """Returns the largest Wasserstein-1 distance of a point, in units of its spread."""
    return float(w1(sample.judged, sample.held_out).max())


def mean_difference(sample: Sample) -> float:
    """Returns the largest difference of a point's mean, in units of its spread."""
    return float(np.abs(sample.judged.mean(axis=0) - sample.held_out.mean(axis=0)).max())


def deviation_difference(sample: Sample) -> float:
    """Returns the largest difference of a point's standard deviation, in units of its spread."""
    return float(np.abs(sample.judged.std(axis=0) - sample.held_out.std(axis=0)).max())


def autocorrelation_difference(sample: Sample) -> float:
    """Returns the largest difference of the autocorrelation at a lag of up to half a curve."""
    judged, held_out = autocorrelation(sample.judged), autocorrelation(sample.held_out)
    return float(np.abs(judged - held_out).max())


def roughness(sample: Sample) -> float:
    """Returns the mean absolute second difference of judged curves over that of held-out ones."""
    if sample.judged.shape[1] < 3:
        raise NotMeasuredError("it takes three points that vary")
    real = float(np.abs(np.diff(sample.held_out, 2, axis=1)).mean())
    if real == 0:
        raise NotMeasuredError("the real curves are straight lines")
    return float(np.abs(np.diff(sample.judged, 2, axis=1)).mean()) / real


def w1(one: Float64Array, other: Float64Array) -> Float64Array:
    """Returns the Wasserstein-1 distance of each column of as many rows: [n, m] to float64 [m]."""
    gaps: Float64Array = np.abs(np.sort(one, axis=0) - np.sort(other, axis=0)).mean(axis=0)
    return gaps


def autocorrelation(curves: Float64Array) -> Float64Array:
    """Returns the mean product of two points of standardised curves, [n, n_points], that are 1 to
    n_points // 2 apart, over the mean square: float64 [n_points // 2]."""
    n_points = curves.shape[1]
    if n_points < 2:
        raise NotMeasuredError("it takes two points that vary")
    # Twice as long, so that the end of a curve does not meet its start.
    power = (np.abs(np.fft.rfft(curves, 2 * n_points, axis=1)) ** 2).mean(axis=0)
    products = np.fft.irfft(power)[: n_points // 2 + 1]
    products /= n_points - np.arange(len(products))
    if products[0] <= 0:
        raise NotMeasuredError("the curves are all the same")
    correlations: Float64Array = products[1:] / products[0]
    return correlations


def _mean_of_pairs(within: Float64Array) -> float:
    """Returns the mean distance of two different curves."""
    n = len(within)
    return float((within.sum() - np.trace(within)) / (n * (n - 1)))
