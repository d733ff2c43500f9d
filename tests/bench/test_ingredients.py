"""The ingredients of the recipe `curves` can be taken out, each by itself."""

from dataclasses import replace

import numpy as np
import pytest

from bench.curves.judging import Split
from bench.train.ingredients import CHANGES, CURVES, MEASURES, medians, trained

RNG = np.random.default_rng(0)
CURVES_OF_6 = 50 + RNG.lognormal(size=(60, 6)).cumsum(1)


@pytest.mark.parametrize("row", CHANGES)
def test_every_row_is_another_recipe_that_trains(row: str):
    recipe = replace(CURVES, **CHANGES[row])
    assert (recipe == CURVES) == (row == "curves")
    # Of fewer main components than points.
    smooth = CURVES_OF_6 @ np.linspace(1, 2, 42).reshape(6, 7)
    made = trained(Split.of(smooth, seed=1), replace(recipe, steps=5))
    assert made.shape[1] == 7
    assert np.isfinite(made).all()


def test_a_row_is_trained_and_judged():
    figures = medians(CURVES_OF_6, replace(CURVES, steps=5), seeds=[1])
    assert list(figures) == list(MEASURES)
    assert np.isfinite(list(figures.values())).all()
