"""The settings that a search tries."""

from dataclasses import replace

import pytest

from curvegan.errors import CurveganError
from train.data.table.data_file import DataFile
from train.recipes import RECIPES
from train.search.space import FACTORS, STEPS_FACTOR, VALUES, changes, draw_trials
from train.settings import Settings

CURVES = Settings("curves", RECIPES["curves"].sized(24, 400), seed=3, population=2)


def test_the_first_trial_is_what_was_asked_for():
    assert draw_trials(CURVES, 5)[0] == CURVES


def test_the_same_search_has_the_same_trials():
    assert draw_trials(CURVES, 50)[:20] == draw_trials(CURVES, 20)
    assert draw_trials(CURVES, 20) != draw_trials(replace(CURVES, seed=4), 20)


def test_no_two_trials_share_a_seed():
    seeds = [seed for trial in draw_trials(CURVES, 20) for seed in trial.seeds]
    assert seeds == list(range(3, 43))


def test_trials_change_what_is_stated_and_nothing_else():
    base = CURVES.recipe
    for trial in draw_trials(CURVES, 100):
        for name, value in changes(base, trial.recipe).items():
            if name == "steps":
                assert value == STEPS_FACTOR * base.steps
            elif name in VALUES:
                assert value in VALUES[name]
            else:
                ratio = value / getattr(base, name)
                assert any(ratio == pytest.approx(factor, rel=0.01) for factor in FACTORS[name])


def test_every_value_of_the_space_is_tried():
    tried = [trial.recipe for trial in draw_trials(CURVES, 300)]
    for name, values in (FACTORS | VALUES).items():
        assert len({getattr(recipe, name) for recipe in tried}) >= len(values)


def test_only_curves_that_are_built_in_may_take_more_steps():
    table = replace(CURVES, data=DataFile("curves.csv"))
    assert len({trial.recipe.steps for trial in draw_trials(CURVES, 100)}) == 2
    assert {trial.recipe.steps for trial in draw_trials(table, 100)} == {CURVES.recipe.steps}


def test_what_does_not_fit_a_recipe_is_not_tried():
    odd = replace(RECIPES["tutorial"], batch_size=33, lr_g=0.9)
    recipes = [trial.recipe for trial in draw_trials(Settings("tutorial", odd), 100)]
    assert {recipe.packing for recipe in recipes} == {1}
    assert {recipe.penalty for recipe in recipes} == {0.0}
    assert max(recipe.lr_g for recipe in recipes) == 1.0


def test_a_seed_too_late_for_all_trials_is_one_line():
    last = replace(CURVES, seed=2**32 - 2)
    assert draw_trials(last, 1) == [last]
    with pytest.raises(
        CurveganError, match="2 trials of 2 seeds each need one from 0 to 429496729"
    ):
        draw_trials(last, 2)
