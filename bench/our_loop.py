"""Our loop, as benchmarks time it: with its random numbers and its reports."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from train.families import Quadratics
from train.loop import Population
from train.recipes import Recipe


def make_our_blocks(
    recipe: Recipe, seeds: Sequence[int], device: torch.device, n_blocks: int
) -> Callable[[], None]:
    """Returns a function that trains new GANs with `seeds` for `n_blocks` more blocks of steps."""
    # The learning rates then hardly fall, and time does not depend on them.
    endless = replace(recipe, steps=2**32 // recipe.batch_size)
    reports = Population(endless, Quadratics(recipe.n_points), seeds, device).fit()

    def blocks() -> None:
        for _ in itertools.islice(reports, n_blocks):
            pass

    return blocks
