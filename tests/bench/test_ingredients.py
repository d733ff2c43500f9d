"""The ingredients of the recipe `curves` can be taken out, each by itself."""

from dataclasses import replace

import numpy as np
import pytest

from bench.train.ingredients import CHANGES, CURVES, MEASURES, medians

RNG = np.random.default_rng(0)
CURVES_OF_6 = 50 + RNG.lognormal(size=(60, 6)).cumsum(1)


@pytest.mark.parametrize("row", CHANGES)
def test_every_row_names_a_recipe(row: str):
    recipe = replace(CURVES, **CHANGES[row])
    assert (recipe == CURVES) == (row == "curves")


def test_a_row_is_trained_and_judged():
    figures = medians(CURVES_OF_6, replace(CURVES, steps=5), seeds=[1])
    assert list(figures) == list(MEASURES)
    assert np.isfinite(list(figures.values())).all()
