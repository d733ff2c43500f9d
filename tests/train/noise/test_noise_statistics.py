"""The noise of 10^6 consecutive seeds is standard normal and independent.

Each bound is five standard errors of the statistic at this size, or the 1e-6 quantile: a right
rule passes, and a rule that is off by half a per cent in scale, or that reuses a word, fails.
"""

from math import erf, sqrt

import numpy as np
import pytest

from tests.train.noise.test_philox import noise_of

N = 1_000_000
N_NOISE = 5


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return noise_of(np.arange(N), N_NOISE).astype(np.float64)


def kolmogorov_smirnov(values: np.ndarray) -> float:
    """The largest distance between the values' distribution and the standard normal's."""
    ordered = np.sort(values)
    expected = 0.5 * (1 + np.vectorize(erf)(ordered / sqrt(2)))
    ranks = np.arange(len(values) + 1) / len(values)
    return float(max((ranks[1:] - expected).max(), (expected - ranks[:-1]).max()))


def test_mean_is_zero(noise):
    assert np.abs(noise.mean(axis=0)).max() < 5 / sqrt(N)


def test_variance_is_one(noise):
    assert np.abs(noise.var(axis=0) - 1).max() < 5 * sqrt(2 / N)


def test_kurtosis_is_three(noise):
    assert np.abs((noise**4).mean(axis=0) - 3).max() < 5 * sqrt(96 / N)


def test_columns_are_uncorrelated(noise):
    correlations = np.corrcoef(noise.T) - np.eye(N_NOISE)
    assert np.abs(correlations).max() < 5 / sqrt(N)


def test_squares_of_columns_are_uncorrelated(noise):
    """A cosine and a sine of one block share their radius, which only the squares would show."""
    correlations = np.corrcoef((noise**2).T) - np.eye(N_NOISE)
    assert np.abs(correlations).max() < 5 / sqrt(N)


def test_neighbouring_seeds_are_uncorrelated(noise):
    correlations = [np.mean(noise[:-1, i] * noise[1:, j]) for i in range(5) for j in range(5)]
    assert np.abs(correlations).max() < 5 / sqrt(N)


@pytest.mark.parametrize("column", range(N_NOISE))
def test_distribution_is_normal(noise, column):
    assert kolmogorov_smirnov(noise[:, column]) < 2.7 / sqrt(N)
