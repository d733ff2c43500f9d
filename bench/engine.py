"""python -m bench.engine [--models DIR]: curves a second from the engine, on one core."""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from bench.timing import print_table, time_interleaved
from serve.engine import ROWS_PER_RUN, Engine
from serve.repository import Repository

ROUNDS = 25
BATCHES = (1, 64, 1_024, 8_192, 65_536)
# Calls of a round, so that each candidate's turn takes a time that a clock can tell.
ROWS_PER_TURN = 65_536


def main() -> None:
    """Prints the table, of the newest version."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("models"))
    repository = Repository(parser.parse_args().models)
    model = repository.load(repository.newest())
    description = model.sampler_manifest.description
    engine = Engine(
        model.sampler_onnx,
        model.generator_onnx,
        n_noise=description.n_noise,
        n_points=description.n_points,
    )
    rng = np.random.default_rng(0)
    seeds = rng.integers(-(2**63), 2**63, max(BATCHES), np.int64)
    noise = rng.standard_normal((max(BATCHES), description.n_noise), np.float32)
    kinds: dict[str, Callable[[int], object]] = {
        "seeds": lambda n: engine.curves_from_seeds(seeds[:n]),
        "noise": lambda n: engine.curves_from_noise(noise[:n]),
    }
    candidates = {
        (kind, n): partial(_repeat, partial(curves, n), min(1_000, ROWS_PER_TURN // n))
        for kind, curves in kinds.items()
        for n in BATCHES
    }
    medians = time_interleaved(
        {f"{kind} {n}": run for (kind, n), run in candidates.items()}, ROUNDS
    )
    rows = []
    for kind, n in candidates:
        calls = min(1_000, ROWS_PER_TURN // n)
        seconds = medians[f"{kind} {n}"] / calls
        at_1024 = medians[f"{kind} 1024"] / (ROWS_PER_TURN // 1_024) / 1_024
        rows.append(
            (
                f"{n:,} {'seeds' if kind == 'seeds' else 'rows of noise'}",
                f"{1e6 * seconds:,.1f}",
                f"{n / seconds / 1e6:.2f}",
                f"{seconds / n / at_1024:.2f}",
            )
        )
    print_table(
        f"The engine on one core, {ROWS_PER_RUN:,} rows a run; median of {ROUNDS} rounds",
        ("batch", "µs", "million curves/s", "time a curve, of 1,024's"),
        rows,
    )


def _repeat(call: Callable[[], object], times: int) -> None:
    for _ in range(times):
        call()


if __name__ == "__main__":
    main()
