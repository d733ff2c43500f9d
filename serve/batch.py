"""Calls of seeds that are computed together, in one run of the engine.

A seed gives the same bytes in every batch, so that who is joined with whom can't be seen.
"""

import asyncio
import time
from dataclasses import dataclass

import numpy as np

from serve.arrays import Float32Array, Int64Array
from serve.calls import Call
from serve.engine import Engine


@dataclass(slots=True)
class Entry:
    """A call's part of a batch: its seeds, int64 [n], and the future that gets its curves."""

    engine: Engine
    seeds: Int64Array
    call: Call
    curves: asyncio.Future[Float32Array]


@dataclass(slots=True)
class Batch:
    """Calls of one engine, and what became of them: their curves one after the other, float32
    [rows, n_points], or what went wrong."""

    entries: list[Entry]
    result: Float32Array | Exception

    def answer(self) -> None:
        """Gives each call its curves, or the error; not those that were cancelled meanwhile."""
        first = 0
        for entry in self.entries:
            last = first + len(entry.seeds)
            if not entry.curves.done():
                if isinstance(self.result, Exception):
                    entry.curves.set_exception(self.result)
                else:
                    entry.curves.set_result(self.result[first:last])
            first = last


def compute(entries: list[Entry]) -> Batch:
    """Computes calls of one engine in one run, and notes in each how long it took."""
    start = time.perf_counter()
    result: Float32Array | Exception
    try:
        seeds = entries[0].seeds
        if len(entries) > 1:
            seeds = np.concatenate([entry.seeds for entry in entries])
        result = entries[0].engine.curves_from_seeds(seeds)
    except Exception as error:
        result = error
    seconds = time.perf_counter() - start
    for entry in entries:
        entry.call.computed = seconds
    return Batch(entries, result)
