"""python -m bench.train_step: a training step beside the plain tutorial loop's and Lightning's."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import cyclopts
import torch

from bench.lightning_loop import make_lightning_steps
from bench.plain_loop import make_plain_step
from bench.timing import print_table, time_interleaved
from train.families import Quadratics
from train.loop import STEPS_PER_BLOCK, Population
from train.recipes import RECIPES, Recipe


def main(rounds: int = 11, steps: int = 1000) -> None:
    """Prints the table. Ours is the whole loop: with its random numbers and its reports."""
    torch.set_num_threads(1)
    plain_step = make_plain_step()
    ours = {
        f"train.loop, recipe {name}": replace(recipe, steps=10**7)
        for name, recipe in RECIPES.items()
        if name != "quick"
    }

    def plain() -> None:
        for _ in range(steps):
            plain_step()

    medians = time_interleaved(
        {
            "plain tutorial loop": plain,
            "Lightning, manual optimisation": make_lightning_steps(steps),
            **{name: _steps(recipe, steps) for name, recipe in ours.items()},
        },
        rounds,
    )
    plain_seconds = medians["plain tutorial loop"]
    print_table(
        f"A training step on one CPU thread; median of {rounds} rounds of {steps} steps",
        ("loop", "batch", "ms a step", "of plain"),
        [
            (
                name,
                str(ours[name].batch_size if name in ours else 64),
                f"{1e3 * seconds / steps:.3f}",
                f"{seconds / plain_seconds:.2f}",
            )
            for name, seconds in medians.items()
        ],
    )


def _steps(recipe: Recipe, steps: int) -> Callable[[], None]:
    population = Population(recipe, Quadratics(recipe.n_points), [1], torch.device("cpu"))
    reports = population.fit()

    def run() -> None:
        for _ in itertools.islice(reports, steps // STEPS_PER_BLOCK):
            pass

    return run


if __name__ == "__main__":
    cyclopts.run(main)
