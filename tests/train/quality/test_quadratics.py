"""The measures of quality on curves whose quality is known."""

import numpy as np
import pytest

from curvegan.repository.description import Measure
from train.data.quadratics import Quadratics
from train.quality.measures import distance, write
from train.quality.quadratics import MEASURES

SOURCE = Quadratics(15)
SHAPE = SOURCE.x_grid**2 + 1
QUANTILES = 1 + (np.arange(100_000) + 0.5) / 100_000


def measure(a: np.ndarray, added: np.ndarray | float = 0.0) -> dict[str, float]:
    return MEASURES.of((a[:, None] * SHAPE - 1 + added).astype(np.float32), SOURCE)


def test_the_family_itself_is_perfect():
    quality = measure(np.random.default_rng(0).permutation(QUANTILES))
    assert quality["w1_a"] == pytest.approx(0, abs=1e-6)
    assert quality["off_family_rmse"] == pytest.approx(0, abs=1e-6)
    assert quality["in_bounds"] == 1


def test_random_members_of_the_family_reach_the_stated_floor():
    (floor,) = (measure.floor for measure in MEASURES if measure.name == "w1_a")
    draws = [np.random.default_rng(seed).uniform(1, 2, 100_000) for seed in range(20)]
    assert np.mean([measure(a)["w1_a"] for a in draws]) == pytest.approx(floor, rel=0.2)


def test_less_is_better_of_what_a_distance_counts():
    far = measure(QUANTILES + 0.25)
    assert distance(far, MEASURES) == far["w1_a"] + far["off_family_rmse"]
    more = Measure("coverage", "coverage", "higher", digits=2)
    assert distance(far | {"coverage": 9.0}, [*MEASURES, more]) == distance(far, MEASURES)


def test_figures_are_written_as_their_measures_say():
    quality = {"w1_a": 0.00512, "off_family_rmse": 0.03, "in_bounds": 0.99}
    line = write(quality, MEASURES, between=", ")
    assert line == "W1(a) 0.0051, off-family RMSE 0.0300, in bounds 0.990"


def test_a_curve_counts_alike_wherever_it_stands():
    generator = np.random.default_rng(0)
    a = generator.uniform(0.9, 2.1, 10_000)
    added = generator.normal(0, 0.01, (10_000, 15))
    assert measure(a, added) == pytest.approx(measure(a[::-1], added[::-1]), abs=1e-12)


def test_w1_is_how_far_the_a_are_shifted():
    assert measure(QUANTILES + 0.25)["w1_a"] == pytest.approx(0.25, abs=1e-5)


def test_w1_of_a_single_a_is_its_mean_distance_from_u_1_2():
    assert measure(np.full(100_000, 1.5))["w1_a"] == pytest.approx(0.25, abs=1e-5)


def test_off_family_is_what_no_quadratic_explains():
    odd = 0.1 * np.sign(SOURCE.x_grid)  # orthogonal to x² + 1
    expected = 0.1 * np.sqrt(14 / 15)
    assert measure(QUANTILES, odd)["off_family_rmse"] == pytest.approx(expected, abs=1e-5)


def test_in_bounds_needs_every_point_of_a_curve_within_a_thousandth():
    a = np.array([1.0, 2.0, 1.5, 1.5])
    added = np.zeros((4, 15))
    added[0, 3], added[1, 3] = -0.0009, 0.0009
    added[2, 3] = 5
    assert measure(a, added)["in_bounds"] == 0.75
