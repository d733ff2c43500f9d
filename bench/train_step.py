"""python -m bench.train_step: a training step beside the plain tutorial loop's, on one thread."""

import itertools

import cyclopts
import torch

from bench.plain_loop import make_plain_step
from bench.timing import print_table, time_interleaved
from train.families import Quadratics
from train.loop import STEPS_PER_REPORT, Gan
from train.recipes import Recipe

STEPS_PER_ROUND = 500


def main(rounds: int = 15) -> None:
    """Prints the table. Ours is the whole loop: with its random numbers and its reports."""
    torch.set_num_threads(1)
    recipe = Recipe(steps=10**7)
    gan = Gan(recipe, Quadratics(recipe.n_points), 1, torch.device("cpu"))
    reports = gan.fit()
    plain_step = make_plain_step()

    def plain() -> None:
        for _ in range(STEPS_PER_ROUND):
            plain_step()

    def ours() -> None:
        for _ in itertools.islice(reports, STEPS_PER_ROUND // STEPS_PER_REPORT):
            pass

    medians = time_interleaved({"plain tutorial loop": plain, "train.loop": ours}, rounds)
    plain_seconds = medians["plain tutorial loop"]
    print_table(
        f"A training step, batch 64, one CPU thread; median of {rounds} rounds",
        ("loop", "ms a step", "of plain"),
        [
            (name, f"{1e3 * seconds / STEPS_PER_ROUND:.3f}", f"{seconds / plain_seconds:.2f}")
            for name, seconds in medians.items()
        ],
    )


if __name__ == "__main__":
    cyclopts.run(main)
