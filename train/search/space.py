"""The settings that a search tries: what it changes in a recipe."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from curvegan.errors import CurveganError
from train.recipes import MAX_ROWS, Recipe
from train.settings import Settings

# What a hyperparameter may be multiplied by. The penalty of a recipe without one stays 0.
FACTORS: dict[str, tuple[float, ...]] = {
    "lr_g": (0.5, 0.7, 1.4, 2.0),
    "lr_d": (0.5, 0.7, 1.4, 2.0),
    "penalty": (0.25, 0.5, 2.0, 4.0),
}
# What it may be instead.
VALUES: dict[str, tuple[float | int, ...]] = {
    "beta2_g": (0.9, 0.99, 0.999),
    "beta2_d": (0.8, 0.9, 0.99),
    "packing": (1, 2),
}
# What the number of steps may be multiplied by, for curves that are built in. Those of a table
# would be learnt by heart, which no distance to other rows tells.
STEPS_FACTOR = 2
# A trial changes each of them with this probability.
_CHANGED = 0.5
# Of the random numbers, beside those of trainings.
_STREAM = 1


def described() -> str:
    """Returns the space in words."""
    factors = (f"{name} times {_or(values)}" for name, values in FACTORS.items())
    values = (f"{name} {_or(values)}" for name, values in VALUES.items())
    steps = f"steps times {STEPS_FACTOR}, for curves that are built in"
    return "; ".join((*factors, *values, steps))


def draw_trials(settings: Settings, n: int) -> list[Settings]:
    """Returns `n` trials: the training that `settings` ask for, then random changes of it, each
    with a population of seeds of its own. The same for the same settings.

    Raises CurveganError if there are no seeds left for so many.
    """
    rng = np.random.default_rng((_STREAM, settings.seed))
    most = 2**32 - n * settings.population
    if settings.seed > most:
        raise CurveganError(
            f"seed {settings.seed}: {n} trials of {settings.population} seeds each need one from 0 "
            f"to {most}"
        )
    recipes = [settings.recipe, *(_changed(settings, rng) for _ in range(n - 1))]
    return [
        replace(settings, recipe=recipe, seed=settings.seed + number * settings.population)
        for number, recipe in enumerate(recipes)
    ]


def changes(recipe: Recipe, other: Recipe) -> dict[str, Any]:
    """Returns what the other recipe has instead of the first one's hyperparameters."""
    before = recipe.hyperparameters
    return {name: value for name, value in other.hyperparameters.items() if value != before[name]}


def written(changed: Mapping[str, Any]) -> str:
    """Returns changes of a recipe on one line."""
    return ", ".join(f"{name} {value}" for name, value in changed.items()) or "the recipe as it is"


def _changed(settings: Settings, rng: np.random.Generator) -> Recipe:
    recipe = settings.recipe
    changed = dict(_drawn(recipe, rng))
    steps = STEPS_FACTOR * recipe.steps
    if rng.random() < _CHANGED and not settings.data and steps * recipe.batch_size <= MAX_ROWS:
        changed["steps"] = steps
    return replace(recipe, **changed)


def _drawn(recipe: Recipe, rng: np.random.Generator) -> Iterator[tuple[str, Any]]:
    for name, factors in FACTORS.items():
        before = getattr(recipe, name)
        factor = factors[rng.integers(len(factors))]
        if rng.random() < _CHANGED:
            value = float(f"{before * factor:.3g}")  # 0.0028, not 0.0027999999999999995
            yield name, min(value, 1.0) if name.startswith("lr") else value
    for name, values in VALUES.items():
        value = values[rng.integers(len(values))]
        fits = name != "packing" or recipe.batch_size % value == 0
        if rng.random() < _CHANGED and fits:
            yield name, value


def _or(values: tuple[float | int, ...]) -> str:
    *first, last = (f"{value:g}" for value in values)
    return f"{', '.join(first)} or {last}"
