"""Curves a second of one stream."""

import os
from pathlib import Path

import numpy as np

from bench.serve.calls import stream_load
from bench.serve.load import apply
from bench.timing import print_table
from serve.process import running_server

_CURVES = 100_000


def time_stream(models: Path, rounds: int, seconds: int) -> None:
    """Prints how many curves a second the server streams, by the clock and by the processor time
    that it took; medians over `rounds` turns of so many seconds."""
    load = stream_load(_CURVES)
    with running_server(models) as server:
        apply(load, server.address, 1)
        found = []
        for _ in range(rounds):
            before = _processor_seconds(server.process.pid)
            rate = apply(load, server.address, seconds)
            used = _processor_seconds(server.process.pid) - before
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


def _processor_seconds(pid: int) -> float:
    """Returns the processor time of a process's children so far."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ticks = 0
    for child in children:
        # The name may hold blanks; what follows it does not.
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
