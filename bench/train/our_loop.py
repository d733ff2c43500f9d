"""Our loop, as benchmarks time it: with its random numbers and its reports."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from train.families import built_in
from train.gan.loop import Population
from train.recipes import Recipe


def make_our_steps(
    recipe: Recipe, seeds: Sequence[int], device: torch.device, n_steps: int
) -> Callable[[], None]:
    """Returns a function that trains new GANs with `seeds` for at least `n_steps` more steps."""
    # The learning rates then hardly fall, and time does not depend on them.
    endless = replace(recipe, steps=2**32 // recipe.batch_size)
    source, _ = built_in(recipe.n_points)
    population = Population(endless, source, seeds, device)
    reports = population.fit()

    def steps() -> None:
        end = population.step + n_steps
        while population.step < end:
            next(reports)

    return steps
