"""python -m bench.train.step: a training step beside the plain tutorial loop's and Lightning's."""

import torch

from bench.timing import print_table, time_interleaved
from bench.train.lightning_loop import make_lightning_steps
from bench.train.our_loop import make_our_steps
from bench.train.plain_loop import BATCH_SIZE, make_plain_steps
from curvegan.command.command_line import Count, make_app, run
from train.gan.loop import STEPS_PER_BLOCK
from train.recipes import RECIPES

app = make_app("python -m bench.train.step", "Time a training step beside other loops' steps.")


@app.default
def main(*, rounds: Count = 11, blocks: Count = 20) -> None:
    """Time a training step beside other loops' steps.

    Parameters
    ----------
    rounds
        Turns that each loop takes; the table shows medians.
    blocks
        Blocks of 50 steps that a turn takes.
    """
    torch.set_num_threads(1)
    steps = blocks * STEPS_PER_BLOCK
    candidates = {
        ("plain tutorial loop", BATCH_SIZE): make_plain_steps(steps),
        ("Lightning, manual optimisation", BATCH_SIZE): make_lightning_steps(steps),
    }
    for name in ("tutorial", "default"):
        key = (f"train.gan.loop, recipe {name}", RECIPES[name].batch_size)
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
    run(app)
