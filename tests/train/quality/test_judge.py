"""Generated curves, judged beside real ones."""

from dataclasses import replace

import numpy as np
import pytest

from curvegan.errors import CurveganError
from tests.train.sources import ArraySource
from train.data.quadratics import Quadratics
from train.quality.comparisons import COMPARISONS
from train.quality.distributions import energy_distance
from train.quality.judge import Judgement, judge
from train.quality.measures import Measures
from train.quality.neighbours import near_duplicates
from train.quality.quadratics import MEASURES
from train.quality.samples import Reference

NONE = Measures({})


def hills(seed: int, n: int) -> np.ndarray:
    """Curves of one of two heights, with noise: nothing like a Gaussian's."""
    rng = np.random.default_rng(seed)
    heights = rng.choice([-1, 1], (n, 1))
    shape = np.sin(np.linspace(0, np.pi, 8))
    return (heights * shape * 3 + rng.normal(0, 0.6, (n, 8))).astype(np.float32)


def source(n_held_out: int) -> ArraySource:
    return ArraySource(training=hills(1, 4 * n_held_out), test=hills(2, n_held_out))


def judged(curves: np.ndarray, real: ArraySource) -> Judgement:
    return judge(curves, np.zeros(len(curves), np.int64), real, NONE)


@pytest.fixture(scope="module")
def whole() -> Judgement:
    """With enough curves for every measure, and for the intervals of most."""
    return judged(hills(3, 500), source(12))


def test_every_measure_has_a_value_and_three_yardsticks(whole: Judgement):
    assert not whole.left_out
    assert [measure.name for measure in whole.measures] == list(whole.quality)
    for measure in whole.measures:
        figures = (measure.floor, measure.gaussian, measure.copies)
        assert np.isfinite([whole.quality[measure.name], *figures]).all(), measure


def test_a_value_is_within_its_interval_which_takes_twice_as_many_curves(whole: Judgement):
    for measure, comparison in zip(whole.measures, COMPARISONS, strict=True):
        if comparison.n_least > 6:
            assert measure.low is measure.high is None
        else:
            assert measure.low <= whole.quality[measure.name] <= measure.high
            assert comparison.lowest <= measure.low < measure.high <= comparison.highest


def test_real_curves_are_as_close_as_other_real_ones(whole: Judgement):
    assert whole.verdict.startswith("As close as other real curves in energy distance")


def test_a_gaussian_is_told_from_curves_of_two_kinds_and_copies_are_found_out():
    reference, rng = Reference.of(source(300)), np.random.default_rng(0)
    real, gaussian, copies = reference.real(rng), reference.gaussian(rng), reference.copies(rng)
    assert energy_distance(gaussian) > 3 * abs(energy_distance(real))
    assert near_duplicates(copies) > 0.5 > near_duplicates(real)


def test_the_same_curves_get_the_same_figures():
    assert judged(hills(3, 90), source(9)).quality == judged(hills(3, 90), source(9)).quality


def test_what_takes_more_curves_is_left_out_with_its_reason():
    few = judged(hills(3, 90), source(6))
    assert "energy_distance" in few.quality
    assert few.left_out["coverage"] == "it takes 10 curves a side, there are 6"
    assert not set(few.left_out) & set(few.quality)
    none = judged(hills(3, 90), source(3))
    assert none.quality == {}
    assert none.verdict == ("Not compared with real curves: it takes 4 curves a side, there are 3.")


def test_curves_that_are_all_the_same_are_not_compared():
    same = ArraySource(np.full((40, 5), 0.1), np.full((10, 5), 0.1))
    judgement = judged(np.zeros((100, 5), np.float32), same)
    assert judgement.quality == {}
    assert judgement.left_out["roughness"] == "all training curves are the same"


def test_points_without_spread_do_not_count():
    real = source(9)

    def padded(curves: np.ndarray) -> np.ndarray:
        return np.pad(curves, ((0, 0), (1, 2)), constant_values=7.3)

    more = ArraySource(padded(real.training), padded(real.test))
    assert judged(padded(hills(3, 90)), more).quality == judged(hills(3, 90), real).quality


@pytest.mark.parametrize(("scale", "level"), [(3, 50_000), (1e-9, 0)])
def test_figures_do_not_depend_on_level_and_scale(scale: float, level: float):
    real = source(9)

    def moved(curves: np.ndarray) -> np.ndarray:
        return (curves.astype(np.float64) * scale + level).astype(np.float32)

    there = ArraySource(moved(real.training), moved(real.test))
    expected = judged(hills(3, 90), real).quality
    assert judged(moved(hills(3, 90)), there).quality == pytest.approx(expected, abs=0.01)


def test_quality_is_told_of_each_class():
    classes = np.arange(80) % 2
    training = hills(1, 80) + 10 * classes[:, np.newaxis]
    real = ArraySource(training[9:], training[:9], ("low", "high"), classes[9:], classes[:9])
    curves = hills(3, 160) + np.float32(10) * np.tile(classes, 2)[:, np.newaxis]
    right = judge(curves, np.tile(classes, 2), real, NONE)
    swapped = judge(curves, 1 - np.tile(classes, 2), real, NONE)
    assert swapped.quality["energy_distance"] == right.quality["energy_distance"]
    for label in ("low", "high"):
        name = f"energy_distance[{label}]"
        assert abs(right.quality[name]) < 0.3 < swapped.quality[name]
        (measure,) = (measure for measure in right.measures if measure.name == name)
        assert measure.label == f"energy distance, {label}"


def test_a_family_s_own_measures_come_first_and_stay_what_they_are():
    real = Quadratics(15)
    curves, classes = real.held_out(5000)
    judgement = judge(curves, classes, real, MEASURES)
    assert list(judgement.quality) == [*MEASURES.of(curves, real), "energy_distance", "sliced_w1"]
    assert judgement.quality | MEASURES.of(curves, real) == judgement.quality
    assert judgement.measures[:3] == list(MEASURES)


def test_curves_that_are_not_finite_are_an_error():
    curves = hills(3, 90)
    curves[5, 3] = np.nan
    with pytest.raises(CurveganError, match="1 of 90 generated curves are not finite"):
        judged(curves, source(9))


@pytest.mark.parametrize("n_points", [10, 100])
def test_a_gaussian_has_the_mean_and_the_covariance_of_fewer_rows_than_points_or_more(
    n_points: int,
):
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((40, n_points)) @ rng.standard_normal((n_points, n_points))
    reference = Reference.of(ArraySource(rows, rows[:20]))
    drawn = np.concatenate([reference.gaussian(rng).judged for _ in range(500)])
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.06)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(reference.training.T), atol=0.12)


def test_rows_of_any_number_are_compared_at_bounded_numbers():
    many = replace(source(9), test=hills(2, 5000), training=hills(1, 30_000))
    reference = Reference.of(many)
    assert (len(reference.held_out), len(reference.training)) == (2000, 20_000)
    assert reference.n == 2000
