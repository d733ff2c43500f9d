"""python -m bench.population: model-steps a second of populations, beside the plain loop's."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import cyclopts
import torch

from bench.plain_loop import make_plain_step
from bench.timing import print_table, time_interleaved
from train.families import Quadratics
from train.loop import STEPS_PER_BLOCK, Population
from train.pipeline import choose_device
from train.recipes import RECIPES, DeviceName

STEPS = 2 * STEPS_PER_BLOCK
SIZES = {"cpu": (1, 4, 16, 64), "cuda": (1, 16, 64, 256, 1024, 4096)}


def main(device: DeviceName = "auto", rounds: int = 7) -> None:
    """Prints the table: the tutorial's recipe, batch 64. The plain loop runs on one CPU thread."""
    torch.set_num_threads(1)
    chosen = choose_device(device)
    plain_step = make_plain_step()

    def plain() -> None:
        for _ in range(STEPS):
            plain_step()

    sizes = SIZES[chosen.type]
    candidates: dict[int, Callable[[], None]] = {0: plain}
    candidates |= {size: _population(size, chosen) for size in sizes}
    medians = time_interleaved(candidates, rounds)
    rates = {size: max(1, size) * STEPS / seconds for size, seconds in medians.items()}
    where = torch.cuda.get_device_name() if chosen.type == "cuda" else "one CPU thread"
    print_table(
        f"Populations on {where}; median of {rounds} rounds of {STEPS} steps",
        ("GANs", "ms a step", "µs a model-step", "model-steps/s", "of plain"),
        [
            (
                f"{size:,}" if size else "plain tutorial loop",
                f"{1e3 * medians[size] / STEPS:.3f}",
                f"{1e6 / rates[size]:.2f}",
                f"{rates[size]:,.0f}",
                f"{rates[size] / rates[0]:.2f}",
            )
            for size in candidates
        ],
    )


def _population(size: int, device: torch.device) -> Callable[[], None]:
    recipe = replace(RECIPES["tutorial"], steps=10**7)
    reports = Population(recipe, Quadratics(recipe.n_points), range(size), device).fit()

    def run() -> None:
        for _ in itertools.islice(reports, STEPS // STEPS_PER_BLOCK):
            pass

    return run


if __name__ == "__main__":
    cyclopts.run(main)
