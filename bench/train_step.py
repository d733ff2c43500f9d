"""python -m bench.train_step: a training step beside the plain tutorial loop's and Lightning's."""

import cyclopts
import torch

from bench.lightning_loop import make_lightning_steps
from bench.our_loop import make_our_steps
from bench.plain_loop import BATCH_SIZE, make_plain_steps
from bench.timing import print_table, time_interleaved
from train.loop import STEPS_PER_BLOCK
from train.recipes import RECIPES


def main(rounds: int = 11, blocks: int = 20) -> None:
    """Prints the table; each loop takes `blocks` times 50 steps a round."""
    torch.set_num_threads(1)
    steps = blocks * STEPS_PER_BLOCK
    candidates = {
        ("plain tutorial loop", BATCH_SIZE): make_plain_steps(steps),
        ("Lightning, manual optimisation", BATCH_SIZE): make_lightning_steps(steps),
    }
    for name in ("tutorial", "default"):
        key = (f"train.loop, recipe {name}", RECIPES[name].batch_size)
        candidates[key] = make_our_steps(RECIPES[name], [1], torch.device("cpu"), steps)
    medians = time_interleaved(candidates, rounds)
    plain_seconds = next(iter(medians.values()))
    print_table(
        f"A training step on one CPU thread; median of {rounds} rounds of {steps} steps",
        ("loop", "batch", "ms a step", "of plain"),
        [
            (name, str(batch), f"{1e3 * seconds / steps:.3f}", f"{seconds / plain_seconds:.2f}")
            for (name, batch), seconds in medians.items()
        ],
    )


if __name__ == "__main__":
    cyclopts.run(main)
