"""Curves per second of one stream."""

from pathlib import Path

import numpy as np

from bench.serve.calls import stream_load
from bench.serve.load import apply
from bench.serve.process_time import processor_seconds
from bench.timing import print_table
from serve.running import running_server

_CURVES = 100_000


def time_stream(models: Path, rounds: int, seconds: int) -> None:
    """Prints the curves per second of wall time and per second of the server's CPU time.

    These are medians over `rounds` rounds of `seconds`.
    """
    load = stream_load(_CURVES)
    with running_server(models) as server:
        apply(load, server.address, 1)
        found = []
        for _ in range(rounds):
            before = processor_seconds(server.process.pid)
            rate = apply(load, server.address, seconds)
            used = processor_seconds(server.process.pid) - before
            found.append(
                (rate.per_second * load.rows, rate.per_second * load.rows * seconds / used)
            )
    by_clock, by_processor = np.median(found, axis=0) / 1e6
    print_table(
        f"A stream of {load.rows:,} seeds, one at a time",
        ("", "million curves/s"),
        [
            ("by the clock", f"{by_clock:.2f}"),
            ("by a second of the server's processor time", f"{by_processor:.2f}"),
        ],
    )
