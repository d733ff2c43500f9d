"""python -m bench.train.ingredients: what each ingredient of the recipe `curves` earns."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from bench.curves.judging import Split, judge
from bench.curves.real_sets import SetName, real_set
from bench.timing import print_table
from curvegan.arrays import Float64Array
from curvegan.command.command_line import Count, make_app, run
from curvegan.errors import CurveganError
from train.gan.loop import Population
from train.noise.seed_rule import SeedNoise
from train.recipes import RECIPES, Recipe

CURVES = RECIPES["curves"]

# What is changed to take an ingredient out, or to put another in its place.
CHANGES: dict[str, dict[str, Any]] = {
    "curves": {},
    "one curve at a time": {"packing": 1},
    "no penalty": {"penalty": 0.0},
    "no whitened coefficients": {"coefficients": False},
    "no principal components": {"explained": 0.0, "coefficients": False},
    "ReLU": {"slope": 0.0},
    "one hidden layer": {"depth": 1},
    "the last weights": {"ema": 0.0},
}
MEASURES = {
    "energy_distance": "energy distance",
    "auc_random_forest": "forest AUC",
    "neighbour_ratio": "nearest-neighbour ratio",
}

app = make_app(
    "python -m bench.train.ingredients", "Train the recipe curves without one ingredient each."
)


@app.default
def main(
    *,
    sets: tuple[SetName, ...] = ("italy", "temps", "gunpoint"),
    rows: tuple[str, ...] = tuple(CHANGES),
    seeds: Count = 3,
    steps: Count | None = None,
) -> None:
    """Train the recipe curves without one ingredient each.

    Prints a table of medians over the seeds, each with curves held out of its own.

    Parameters
    ----------
    sets
        The real sets to train on.
    rows
        The rows to compute, by their names in the table: it can be made in pieces.
    seeds
        How many GANs to train for each number, with the seeds 1, 2, ...
    steps
        Updates of each network [default: the recipe's].
    """
    torch.set_num_threads(1)
    if unknown := set(rows) - set(CHANGES):
        raise CurveganError(f"there is no row {min(unknown)!r}: give some of {', '.join(CHANGES)}")
    curves = {name: real_set(name).curves for name in sets}
    columns = [f"{name}: {label}" for name in sets for label in MEASURES.values()]
    table = []
    for row in rows:
        recipe = replace(CURVES, steps=steps or CURVES.steps, **CHANGES[row])
        figures = [medians(curves[name], recipe, range(1, seeds + 1)) for name in sets]
        table.append((row, *(f"{of_set[name]:.3f}" for of_set in figures for name in MEASURES)))
    print_table(f"The recipe curves: median of {seeds} seeds", ("", *columns), table)


def medians(curves: Float64Array, recipe: Recipe, seeds: Sequence[int]) -> dict[str, float]:
    """Returns the median over the seeds of each measure, of GANs that learn `curves`."""
    splits = [Split.of(curves, seed) for seed in seeds]
    figures = [judge(trained(split, recipe), split) for split in splits]
    return {name: float(np.median([of_seed[name] for of_seed in figures])) for name in MEASURES}


def trained(split: Split, recipe: Recipe) -> Float64Array:
    """Trains a GAN, and returns as many of its curves as are judged, float64 [n, n_points]."""
    population = Population(recipe, split.source, [split.seed], torch.device("cpu"))
    for _ in population.fit():
        pass
    noise = SeedNoise(population.n_noise)(torch.arange(split.n_to_judge))
    with torch.no_grad():
        curves: Float64Array = population.generators()[0](noise).double().numpy()
    return curves


if __name__ == "__main__":
    run(app)
