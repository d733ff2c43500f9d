"""python -m bench.train.population: model-steps a second of populations and of the plain loop."""

import torch

from bench.timing import print_table, time_interleaved
from bench.train.our_loop import make_our_steps
from bench.train.plain_loop import make_plain_steps
from curvegan.command.command_line import Count, make_app, run
from train.gan.loop import STEPS_PER_BLOCK
from train.pipeline import choose_device
from train.recipes import RECIPES
from train.settings import DeviceName

STEPS = 2 * STEPS_PER_BLOCK
SIZES = {"cpu": (1, 4, 16, 64), "cuda": (1, 16, 64, 256, 1024, 4096)}


app = make_app(
    "python -m bench.train.population", "Time populations beside the plain tutorial loop."
)


@app.default
def main(*, device: DeviceName = "auto", rounds: Count = 7) -> None:
    """Time populations beside the plain tutorial loop.

    All with the tutorial's recipe; the plain loop runs on one CPU thread.

    Parameters
    ----------
    device
        Where the populations are trained; auto takes CUDA where there is one.
    rounds
        Turns that each loop takes; the table shows medians.
    """
    torch.set_num_threads(1)
    chosen = choose_device(device)
    # Each candidate by its name and by how many GANs take a step at once.
    candidates = {("plain tutorial loop", 1): make_plain_steps(STEPS)}
    for size in SIZES[chosen.type]:
        steps = make_our_steps(RECIPES["tutorial"], range(size), chosen, STEPS)
        candidates[f"population of {size:,}", size] = steps
    medians = time_interleaved(candidates, rounds)
    rates = {key: key[1] * STEPS / seconds for key, seconds in medians.items()}
    plain_rate = next(iter(rates.values()))
    where = torch.cuda.get_device_name() if chosen.type == "cuda" else "one CPU thread"
    print_table(
        f"Populations on {where}; median of {rounds} rounds of {STEPS} steps",
        ("", "ms a step", "ms a model-step", "model-steps/s", "of plain"),
        [
            (
                key[0],
                f"{1e3 * medians[key] / STEPS:.3f}",
                f"{1e3 / rate:.4f}",
                f"{rate:,.0f}",
                f"{rate / plain_rate:.2f}",
            )
            for key, rate in rates.items()
        ],
    )


if __name__ == "__main__":
    run(app)
