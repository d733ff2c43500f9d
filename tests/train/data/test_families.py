"""The families that are built in: exact samplers of what their formulas say."""

import numpy as np
import pytest
import torch

from train.families import built_in

FAMILIES = ["quadratics", "sines", "logistic", "damped"]
DRAWN = FAMILIES[1:]
X = np.linspace(0, 1, 50)


def source_of(name: str, n_points: int = 50):
    return built_in(n_points, name)[0]


@pytest.mark.parametrize("name", FAMILIES)
def test_a_row_is_a_function_of_its_number(name: str):
    source = source_of(name)
    numbers = torch.tensor([[0, 1, 2**24 - 1], [5, 0, source.n_rows - 1]])
    rows = source.rows(numbers)
    assert rows.shape == (2, 3, 50)
    assert rows.dtype == torch.float32
    assert torch.equal(rows[0, 0], rows[1, 1])
    assert torch.equal(rows[1, 2], source.rows(torch.tensor(source.n_rows - 1)))
    assert source.n_rows >= 2**24
    assert source.classes(numbers).tolist() == [[0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("name", DRAWN)
def test_held_out_curves_are_no_rows(name: str):
    source = source_of(name)
    held_out, classes = source.held_out(1000)
    assert (held_out.shape, classes.shape) == ((1000, 50), (1000,))
    beyond = torch.arange(source.n_rows, source.n_rows + 1000)
    np.testing.assert_array_equal(held_out, source.rows(beyond).numpy())
    assert len(np.unique(held_out, axis=0)) == 1000


@pytest.mark.parametrize("name", FAMILIES)
def test_curves_stay_within_their_bounds_and_come_near_them(name: str):
    source = source_of(name)
    lower, upper = source.bounds
    numbers = torch.from_numpy(np.random.default_rng(0).integers(0, source.n_rows, 50_000))
    rows = source.rows(numbers).numpy()
    assert (rows >= lower - 1e-6).all()
    assert (rows <= upper + 1e-6).all()
    room = (upper - lower) * 0.2
    assert (rows.min(axis=0) <= lower + room).all()
    assert (rows.max(axis=0) >= upper - room).all()


@pytest.mark.parametrize("name", DRAWN)
def test_neighbouring_rows_are_independent(name: str):
    rows = source_of(name).rows(torch.arange(50_000)).numpy()
    correlation = np.corrcoef(rows[:-1, 20], rows[1:, 20])[0, 1]
    assert abs(correlation) < 5 / np.sqrt(50_000)


def check_uniform(values: np.ndarray, low: float, high: float) -> None:
    """Kolmogorov's distance to U(low, high), which one sample in 10,000 exceeds."""
    levels = (np.sort(values) - low) / (high - low)
    steps = (np.arange(len(values)) + 0.5) / len(values)
    assert np.abs(levels - steps).max() < 2.3 / np.sqrt(len(values))


@pytest.mark.parametrize(
    ("name", "frequencies", "dampings"), [("sines", (0.5, 2), None), ("damped", (1, 3), (1, 4))]
)
def test_oscillations_have_the_stated_parameters(name: str, frequencies, dampings):
    """An oscillation's next value is a sum of the last two, which tells damping and frequency;
    amplitude and phase are a linear fit then."""
    x, step = X, X[1]
    rows = source_of(name).rows(torch.arange(3_000)).double().numpy()
    found = []
    for row in rows:
        pairs = np.stack([row[1:-1], row[:-2]], axis=1)
        sum_of_last, product = np.linalg.lstsq(pairs, row[2:])[0]
        damping = -np.log(-product) / 2 / step
        turn = np.arccos(sum_of_last / 2 / np.sqrt(-product))
        waves = np.stack([np.cos(turn / step * x), -np.sin(turn / step * x)], axis=1)
        (cosine, sine), *_ = np.linalg.lstsq(np.exp(-damping * x)[:, None] * waves, row)
        found.append((damping, turn / step / 2 / np.pi, cosine, sine))
    damping, frequency, cosine, sine = np.array(found).T
    if dampings:
        check_uniform(damping, *dampings)
    check_uniform(frequency, *frequencies)
    check_uniform(np.hypot(cosine, sine), 0.5, 1.5)
    check_uniform(np.arctan2(sine, cosine) / 2 / np.pi % 1, 0, 1)


def test_logistic_curves_have_the_stated_parameters():
    """1/y = 1/K + exp(r·m)/K·exp(-r·x): its first steps tell r, its last value K."""
    source = source_of("logistic")
    x = source.x_grid
    inverse = 1 / source.rows(torch.arange(3_000)).double().numpy()
    falls = inverse[:, :2] - inverse[:, 1:3]
    rate = -np.log(falls[:, 1] / falls[:, 0]) / x[1]
    factor = falls[:, 0] / (1 - np.exp(-rate * x[1]))
    capacity = 1 / (inverse[:, -1] - factor * np.exp(-rate * x[-1]))
    check_uniform(rate, 0.5, 2)
    check_uniform(capacity, 0.5, 1.5)
    check_uniform(np.log(factor * capacity) / rate, 3, 7)
