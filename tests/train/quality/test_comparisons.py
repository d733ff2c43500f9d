"""The measures of any curves, on samples whose figures are known."""

import numpy as np
import pytest

from train.quality import classifiers, distributions, neighbours
from train.quality.comparisons import COMPARISONS
from train.quality.samples import NotMeasuredError, Sample, distances


def normal(seed: int, n: int = 200, n_points: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, n_points))


def sample(judged: np.ndarray, held_out: np.ndarray | None = None) -> Sample:
    """Beside random curves, with a training of five times as many."""
    held_out = normal(1, *judged.shape) if held_out is None else held_out
    n, n_points = judged.shape
    return Sample(judged, held_out, normal(2, 5 * n, n_points))


def test_a_distance_is_the_root_of_the_mean_square_over_points():
    one, other = normal(3, 4), normal(4, 5)
    expected = [[np.sqrt(((a - b) ** 2).mean()) for b in other] for a in one]
    np.testing.assert_allclose(distances(one, other), expected, rtol=1e-12)


def test_energy_distance_is_0_on_average_for_curves_of_the_same_distribution():
    values = [
        distributions.energy_distance(sample(normal(10 + seed), normal(100 + seed)))
        for seed in range(30)
    ]
    assert abs(np.mean(values)) < np.std(values)
    assert min(values) < 0 < max(values)


def test_energy_distance_of_two_points_is_twice_the_way_between_them():
    zeros = np.zeros((8, 4))
    assert distributions.energy_distance(sample(zeros, zeros + 3)) == pytest.approx(6)


def test_sliced_w1_of_shifted_numbers_is_the_shift():
    held_out = normal(1, 50, 1)
    assert distributions.sliced_w1(sample(held_out + 0.5, held_out)) == pytest.approx(0.5)


def test_the_largest_differences_are_those_of_the_one_point_that_is_off():
    held_out = normal(1)
    judged = held_out.copy()
    judged[:, 2] = 2 * judged[:, 2] + 1
    off = sample(judged, held_out)
    mean, deviation = held_out[:, 2].mean(), held_out[:, 2].std()
    assert distributions.largest_w1(off) == pytest.approx(
        np.abs(held_out[:, 2] + 1).mean(), rel=0.05
    )
    assert distributions.mean_difference(off) == pytest.approx(mean + 1)
    assert distributions.deviation_difference(off) == pytest.approx(deviation)


def test_autocorrelation_tells_curves_that_stay_from_curves_that_jump():
    staying = np.repeat(normal(5, 200, 1), 6, axis=1)
    np.testing.assert_allclose(distributions.autocorrelation(staying), 1)
    assert distributions.autocorrelation_difference(sample(staying)) == pytest.approx(1, abs=0.1)


def test_roughness_is_a_ratio_of_second_differences():
    held_out = normal(1)
    straight = np.arange(6.0)
    assert distributions.roughness(sample(2 * held_out + straight, held_out)) == pytest.approx(2)
    with pytest.raises(NotMeasuredError, match="straight lines"):
        distributions.roughness(sample(held_out, held_out * 0 + straight))
    with pytest.raises(NotMeasuredError, match="three points"):
        distributions.roughness(sample(normal(3, 9, 2)))


@pytest.mark.parametrize("classify", [classifiers.logistic_regression, classifiers.random_forest])
def test_classifiers_guess_where_there_is_nothing_to_tell(classify):
    assert classify(sample(normal(6, 40))) == pytest.approx(0.5, abs=0.2)
    assert classify(sample(normal(6, 40) + 2)) > 0.95


def test_a_logistic_regression_sees_the_same_in_more_points_than_curves():
    off = sample(normal(6, 30, 100) + np.linspace(0, 0.3, 100))
    expected = classifiers._area(
        classifiers_logistic(), Sample(off.judged, off.held_out, off.training), 30
    )
    assert classifiers.logistic_regression(off) == pytest.approx(expected, abs=0.01)


def classifiers_logistic():
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1000)


def test_coverage_is_what_is_not_missed_and_precision_what_is_not_made_up():
    here, there = normal(1, 50) / 10, normal(2, 50) / 10 + 5
    both = np.concatenate([here, there])
    only_here = normal(3, 100) / 10
    assert neighbours.coverage(sample(only_here, both)) == pytest.approx(0.5, abs=0.05)
    assert neighbours.precision(sample(only_here, both)) > 0.9
    made_up = np.concatenate([both[::2], normal(4, 50) / 10 - 5])
    assert neighbours.precision(sample(made_up, both)) == pytest.approx(0.5, abs=0.05)


def test_what_is_learnt_by_heart_is_nearer_to_the_training_than_to_other_curves():
    held_out, training = normal(1, 100), normal(2, 100)
    copied = Sample(training + normal(3, 100) / 100, held_out, training)
    new = Sample(normal(4, 100), held_out, training)
    assert neighbours.neighbour_ratio(copied) < 0.1
    assert neighbours.neighbour_ratio(new) == pytest.approx(1, abs=0.1)
    assert neighbours.membership(copied) > 0.95
    assert neighbours.membership(new) == pytest.approx(0.5, abs=0.1)
    assert neighbours.near_duplicates(copied) == 1
    assert neighbours.near_duplicates(new) <= 0.05
    assert neighbours.exact_duplicates(copied) == 0


def test_only_equal_curves_are_exact_duplicates():
    training, judged = normal(2, 100), normal(3, 20)
    judged[:5] = training[7] + 1e-4
    assert neighbours.exact_duplicates(Sample(judged, normal(1, 20), training)) == 0.25


def test_membership_counts_ties_as_halves():
    zeros = np.zeros((10, 3))
    assert neighbours.membership(Sample(zeros, zeros, zeros)) == 0.5


def test_each_measure_says_how_many_curves_it_takes():
    few = sample(normal(3, 3))
    for comparison in COMPARISONS:
        with pytest.raises(NotMeasuredError, match=r"it takes \d+ curves a side, there are 3"):
            comparison.of(few)


def test_names_of_measures_differ():
    names = [comparison.measure.name for comparison in COMPARISONS]
    assert len(set(names)) == len(names)
