"""python -m bench.train.search: what each change of the tutorial's optimiser earns."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from bench.timing import print_table
from curvegan.command.command_line import Count, make_app, run
from curvegan.repository.description import Measure
from train.families import built_in
from train.gan.loop import Population
from train.quality.measures import Measures
from train.quality.selection import measure_held_out
from train.recipes import RECIPES, Recipe

DEFAULT, TUTORIAL = RECIPES["default"], RECIPES["tutorial"]

# The way from the tutorial's recipe to the default one, a change at a time.
WAY: dict[str, Sequence[str]] = {
    "higher learning rates": ("lr_g", "lr_d"),
    "that fall to 0": ("lr_decay",),
    "Adam's betas": ("beta1_g", "beta1_d", "beta2_g", "beta2_d"),
    "averaged weights": ("ema",),
    "larger batches": ("batch_size",),
    "pairs of curves": ("packing",),
}
# Single changes of the default recipe.
TRIED: list[dict[str, Any]] = [
    {"batch_size": 256},
    {"packing": 1},
    {"packing": 4},
    {"lr_g": 1.35e-3},
    {"lr_g": 3e-3},
    {"lr_d": 8e-4},
    {"lr_d": 1.6e-3},
    {"lr_decay": "linear"},
    {"lr_decay": "cosine"},
    {"beta1_g": 0.0},
    {"beta2_g": 0.999},
    {"beta2_d": 0.5},
    {"beta2_d": 0.99},
    {"ema": 0.995},
    {"ema": 0.999},
]


app = make_app("python -m bench.train.search", "Train with changes of the recipes, one at a time.")


@app.default
def main(*, seeds: Count = 5, steps: Count | None = None) -> None:
    """Train with changes of the recipes, one at a time.

    Prints two tables: the median over the seeds of each measure, and the worst.

    Parameters
    ----------
    seeds
        How many GANs to train with each recipe, with the seeds 1, 2, ...
    steps
        Updates of each network [default: the recipe's].
    """
    torch.set_num_threads(1)
    way = {"the tutorial's recipe": TUTORIAL}
    recipe = TUTORIAL
    for name, fields in WAY.items():
        recipe = replace(recipe, **{field: getattr(DEFAULT, field) for field in fields})
        way[name] = recipe
    assert recipe == DEFAULT, "the way must lead to the default recipe"
    _print("From the tutorial's recipe to the default one", way, seeds, steps)
    tried = {"default": DEFAULT, "quick": RECIPES["quick"]}
    for change in TRIED:
        tried[", ".join(f"{field} {value}" for field, value in change.items())] = replace(
            DEFAULT, **change
        )
    _print("Single changes of the default recipe", tried, seeds, steps)


def _print(title: str, recipes: dict[str, Recipe], seeds: int, steps: int | None) -> None:
    rows = []
    for name, recipe in recipes.items():
        measures, qualities = _train(replace(recipe, steps=steps or recipe.steps), seeds)
        rows.append((name, *(_cell(qualities, measure) for measure in measures)))
    columns = ("recipe", *(measure.label for measure in measures))
    print_table(f"{title}: median of {seeds} seeds (worst)", columns, rows)


def _train(recipe: Recipe, seeds: int) -> tuple[Measures, list[dict[str, float]]]:
    source, measures = built_in(recipe.n_points)
    population = Population(recipe, source, range(1, seeds + 1), torch.device("cpu"))
    for _ in population.fit():
        pass
    qualities = measure_held_out(population.generators(), recipe.n_noise, source, measures)
    return measures, [quality for quality in qualities if quality]


def _cell(qualities: list[dict[str, float]], measure: Measure) -> str:
    values = [quality[measure.name] for quality in qualities]
    worst = min(values) if measure.better == "higher" else max(values)
    return f"{np.median(values):{measure.format}} ({worst:{measure.format}})"


if __name__ == "__main__":
    run(app)
