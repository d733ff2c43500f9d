"""Standardised curves and the way back: right for curves of any level, spread and mixture."""

import numpy as np
import pytest
import torch

from bench.train.array_source import ArraySource
from curvegan.errors import CurveganError
from train.data.scaling import fit_scaling
from train.gan.networks import make_generator
from train.gan.scale import Scale
from train.recipes import RECIPES

CPU = torch.device("cpu")
N_POINTS = 6


def walks(n: int = 400) -> np.ndarray:
    """Curves around 0 whose points have spreads of about 1 to 2.5."""
    return np.random.default_rng(0).standard_normal((n, N_POINTS)).cumsum(1)


LEVELS = {
    "high and narrow": (50_000.0, 3.0),
    "tiny": (0.0, 1e-9),
    "huge": (-1e30, 1e29),
    "mixed": (np.array([0, 1e-6, 5e4, -20, 1e9, 3]), np.array([1e-9, 1e-7, 3, 1e3, 1e5, 1])),
}


@pytest.mark.parametrize("name", LEVELS)
def test_curves_are_standardised_and_come_back(name: str):
    level, spread = LEVELS[name]
    source = ArraySource(level + spread * walks())
    scaling = fit_scaling(source, 0.999)
    np.testing.assert_allclose(scaling.mean, source.curves.mean(0), rtol=1e-6, atol=1e-16)
    np.testing.assert_allclose(scaling.spread, source.curves.std(0), rtol=1e-3)
    scale = Scale(RECIPES["curves"].sized(N_POINTS, 400), source, scaling, CPU)
    real = source.rows(torch.arange(400))
    standardised = scale.standardised(real)
    np.testing.assert_allclose(standardised.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(standardised.std(0, correction=0), 1, rtol=1e-4)
    # Within the last bits of the level, or of the spread where that is the larger.
    allowed = 2e-7 * np.abs(source.curves).max(0) + 1e-6 * scaling.spread
    assert (np.abs(scale.in_units(standardised).numpy() - real.numpy()) <= allowed).all()


def test_a_point_that_never_changes_stays_exactly_what_it_is():
    curves = walks()
    curves[:, 2] = 0.1
    source = ArraySource(curves)
    recipe = RECIPES["curves"].sized(N_POINTS, source.n_rows)
    scaling = fit_scaling(source, recipe.explained)
    real = source.rows(torch.arange(400))
    assert not Scale(recipe, source, scaling, CPU).standardised(real)[:, 2].any()
    drawn = make_generator(recipe.n_noise, N_POINTS, recipe, scaling=scaling)(
        100 * torch.randn(50, recipe.n_noise)
    )
    assert (drawn[:, 2] == np.float32(0.1)).all()


def test_principal_components_hold_the_variance_that_is_asked_for():
    few = walks()[:, :2] @ np.random.default_rng(1).standard_normal((2, 40))
    few += 0.01 * np.random.default_rng(2).standard_normal(few.shape)
    scaling = fit_scaling(ArraySource(few), 0.99)
    assert len(scaling.basis) == 2
    np.testing.assert_allclose(scaling.basis @ scaling.basis.T, np.eye(2), atol=1e-9)
    standardised = (few - scaling.mean) / scaling.spread
    whitened = standardised @ (scaling.basis.T / scaling.sizes)
    np.testing.assert_allclose(np.cov(whitened.T, bias=True), np.eye(2), atol=1e-4)


def test_few_curves_have_one_component_less_than_there_are_curves():
    scaling = fit_scaling(ArraySource(np.random.default_rng(0).random((32, 100))), 0.9999999)
    assert len(scaling.basis) == 31


def test_a_large_table_is_read_in_blocks(monkeypatch: pytest.MonkeyPatch):
    curves = walks()
    whole = fit_scaling(ArraySource(curves), 0.9)
    monkeypatch.setattr("train.data.scaling._NUMBERS_PER_BLOCK", 7 * N_POINTS)
    monkeypatch.setattr("train.data.scaling._MAX_ROWS", 200)
    half = fit_scaling(ArraySource(np.repeat(curves, 2, axis=0)[: 2 * 200]), 0.9)
    expected = fit_scaling(ArraySource(curves[:200]), 0.9)
    np.testing.assert_allclose(half.mean, expected.mean, rtol=1e-9)
    assert len(whole.basis) == len(half.basis)


@pytest.mark.parametrize(
    ("curves", "message"),
    [
        (np.ones((40, 3)), "all curves of the training are equal"),
        (1e-42 * np.arange(120.0).reshape(40, 3), "point 0 of the curves has the mean .* and the "
         "spread .*, which 32-bit numbers can't hold: give the curves in other units"),
    ],
)  # fmt: skip
def test_curves_that_can_t_be_standardised_are_one_line(curves: np.ndarray, message: str):
    with pytest.raises(CurveganError, match=message):
        fit_scaling(ArraySource(curves), 0.999)
