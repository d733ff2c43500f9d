"""What curves are measured in while networks learn them: mean and spread of each point, and
principal components."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from curvegan.arrays import Float64Array
from curvegan.errors import CurveganError
from train.data.source import Source

# Rows of a larger table that are looked at, and the numbers of a block of them.
_MAX_ROWS = 200_000
_NUMBERS_PER_BLOCK = 2**21


@dataclass(frozen=True)
class Scaling:
    """A standardised curve is (curve - mean) / spread, point by point.

    mean, spread: float64 [n_points]; the spread of a point that never changes is 0, and so is its
        standardised value
    basis: the main principal components of the standardised curves, orthonormal rows, float64
        [n_components, n_points]
    sizes: the standard deviations along them, float64 [n_components], all above 0
    """

    mean: Float64Array
    spread: Float64Array
    basis: Float64Array
    sizes: Float64Array


def fit_scaling(source: Source, explained: float) -> Scaling:
    """Returns the scaling of the rows of `source`, whose main components hold the share `explained`
    of the variance, from 0 to below 1; at least one does.

    Raises CurveganError if all curves are equal, or float32 can't hold a mean or a spread.
    """
    first = _first(source)
    n_rows = min(source.n_rows, _MAX_ROWS)
    # Sums of differences from a row, so that a point that never changes has exactly its own mean.
    mean = first + sum(np.sum(rows - first, 0) for rows in _blocks(source)) / n_rows
    centred = (rows - mean for rows in _blocks(source))
    products: Float64Array = sum(rows.T @ rows for rows in centred) / n_rows
    spread = np.sqrt(products.diagonal())
    _check(mean, spread)
    basis, sizes = _principal_components(products, spread)
    shares = np.cumsum(sizes**2) / np.sum(sizes**2)
    n_main = int(np.searchsorted(shares, explained)) + 1
    return Scaling(mean, spread, basis[:n_main], sizes[:n_main])


def _principal_components(
    products: Float64Array, spread: Float64Array
) -> tuple[Float64Array, Float64Array]:
    changes = spread > 0
    correlations = products[np.ix_(changes, changes)] / np.outer(spread[changes], spread[changes])
    variances, vectors = np.linalg.eigh(correlations)
    # What is smaller is rounding.
    kept = variances > variances[-1] * len(variances) * np.finfo(np.float64).eps
    basis = np.zeros((kept.sum(), len(spread)))
    basis[:, changes] = vectors.T[kept][::-1]
    return basis, np.sqrt(variances[kept][::-1])


def _first(source: Source) -> Float64Array:
    first: Float64Array = source.rows(torch.zeros(1, dtype=torch.int64)).double().numpy()[0]
    return first


def _blocks(source: Source) -> Iterator[Float64Array]:
    """Yields the rows, or as many as are looked at, evenly spread: float64 [n, n_points] each."""
    n_rows = min(source.n_rows, _MAX_ROWS)
    numbers = torch.arange(n_rows) * source.n_rows // n_rows
    for block in torch.split(numbers, max(1, _NUMBERS_PER_BLOCK // source.n_points)):
        yield source.rows(block).double().numpy()


def _check(mean: Float64Array, spread: Float64Array) -> None:
    limits = np.finfo(np.float32)
    held = np.isfinite(mean) & (np.abs(mean) <= limits.max)
    held &= (spread == 0) | ((spread >= limits.smallest_normal) & (spread <= limits.max))
    if not held.all():
        point = int(np.argmin(held))
        raise CurveganError(
            f"point {point} of the curves has the mean {mean[point]:g} and the spread "
            f"{spread[point]:g}, which 32-bit numbers can't hold: give the curves in other units"
        )
    if not spread.any():
        raise CurveganError(
            "all curves of the training are equal: give curves that differ from each other"
        )
