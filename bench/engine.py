"""python -m bench.engine [--models DIR]: the engine's curves per second, on one core."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.timing import print_table, time_interleaved
from curvegan.command.command_line import Count, make_app, run
from curvegan.engine import ROWS_PER_RUN, Engine
from curvegan.repository.repository import DEFAULT_MODELS, Repository

BATCHES = (1, 64, 1_024, 8_192, 65_536)


app = make_app("python -m bench.engine", "Time the engine, on one core.")


@app.default
def main(*, models: Path = DEFAULT_MODELS, rounds: Count = 25) -> None:
    """Time the engine, on one core.

    Parameters
    ----------
    models
        Model repository. Its newest version is timed.
    rounds
        Number of rounds. The table shows medians.
    """
    repository = Repository(models)
    engine = Engine.of(repository.load(repository.newest()))
    rng = np.random.default_rng(0)
    seeds = rng.integers(-(2**63), 2**63, max(BATCHES), np.int64)
    noise = rng.standard_normal((max(BATCHES), engine.n_noise), np.float32)
    kinds: dict[str, Callable[[int], object]] = {
        "seeds": lambda n: engine.curves_from_seeds(seeds[:n]),
        "rows of noise": lambda n: engine.curves_from_noise(noise[:n]),
    }
    candidates = {(kind, n): _turn(curves, n) for kind, curves in kinds.items() for n in BATCHES}
    seconds = {
        (kind, n): turn / _calls(n)
        for (kind, n), turn in time_interleaved(candidates, rounds).items()
    }
    print_table(
        f"The engine on one core, {ROWS_PER_RUN:,} rows a run; median of {rounds} rounds",
        ("batch", "µs", "million curves/s", "time a curve, of 1,024's"),
        [
            (
                f"{n:,} {kind}",
                f"{1e6 * time:,.1f}",
                f"{n / time / 1e6:.2f}",
                f"{(time / n) / (seconds[kind, 1_024] / 1_024):.2f}",
            )
            for (kind, n), time in seconds.items()
        ],
    )


def _calls(n: int) -> int:
    """Returns the number of calls for `n` curves that take long enough to time."""
    return min(1_000, max(BATCHES) // n)


def _turn(curves: Callable[[int], object], n: int) -> Callable[[], None]:
    def turn() -> None:
        for _ in range(_calls(n)):
            curves(n)

    return turn


if __name__ == "__main__":
    run(app)
