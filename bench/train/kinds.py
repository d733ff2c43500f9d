"""python -m bench.train.kinds: which kinds of curves the recipe `curves` learns, and which not."""

from dataclasses import replace

import numpy as np
import torch

from bench.curves.judging import Split, judge, yardsticks
from bench.timing import print_table
from bench.train.ingredients import CURVES, MEASURES, trained
from curvegan.arrays import Float64Array
from curvegan.command.command_line import Count, make_app, run

_N = 1000
_HOURS = np.arange(48) / 2

app = make_app("python -m bench.train.kinds", "Train the recipe curves on made-up kinds of curves.")


def kinds() -> dict[str, Float64Array]:
    """Returns made-up curves, float64 [_N, 48] of each kind, by what is hard about them."""
    rng = np.random.default_rng(0)
    column = (_N, 1)
    height, when = rng.uniform(1, 2, column), rng.uniform(6, 18, column)
    day = height * np.sin(2 * np.pi * (_HOURS - when) / 24)
    far = (_HOURS - when) ** 2
    other = rng.random(column) < 0.3
    length = rng.uniform(8, 14, column)
    sun = height * np.sin(np.pi * (_HOURS - 12 + length / 2) / length)
    is_up = np.abs(_HOURS - 12) < length / 2
    # Else bumps and jumps would have exact values, which are a kind of their own.
    measured = 0.02 * np.random.default_rng(1).standard_normal(day.shape)
    return {
        "a wave": day,
        "two kinds, 7 to 3": np.where(other, 4 - 0.1 * day, day),
        "a wide bump at any time": height * np.exp(-far / 8) + measured,
        "a narrow bump at any time": height * np.exp(-far / 0.2) + measured,
        "a jump at any time": height * (when < _HOURS) + measured,
        "a wave and noise": day + 0.3 * rng.standard_normal(day.shape),
        "a height with a heavy tail": day * rng.lognormal(0, 1, column),
        "zeros at night": np.where(is_up, sun, 0),
        "counts": rng.poisson(1 + np.abs(day)).astype(np.float64),
    }


@app.default
def main(*, seeds: Count = 3, steps: Count | None = None) -> None:
    """Train the recipe curves on made-up kinds of curves.

    Prints medians over the seeds, beside those of a Gaussian that is fitted to the training rows.

    Parameters
    ----------
    seeds
        How many GANs to train on each kind, with the seeds 1, 2, ...
    steps
        Updates of each network [default: the recipe's].
    """
    torch.set_num_threads(1)
    recipe = replace(CURVES, steps=steps or CURVES.steps)
    rows = []
    for name, curves in kinds().items():
        ours, gaussians = [], []
        for seed in range(1, seeds + 1):
            split = Split.of(curves, seed)
            ours.append(judge(trained(split, recipe), split))
            gaussians.append(yardsticks(split)["fitted Gaussian"])
        cells = [
            f"{np.median([figures[measure] for figures in of_seeds]):.3f}"
            for measure in MEASURES
            for of_seeds in (ours, gaussians)
        ]
        rows.append((name, *cells))
    columns = [name for label in MEASURES.values() for name in (label, "Gaussian")]
    print_table(f"Made-up curves: median of {seeds} seeds", ("", *columns), rows)


if __name__ == "__main__":
    run(app)
