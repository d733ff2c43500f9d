"""Throughput and latency."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Self

import numpy as np

from curvegan.arrays import Float64Array


@dataclass(frozen=True)
class Rate:
    """Calls per second, and percentiles of their duration in milliseconds.

    `processor` is the server's CPU time per call in microseconds, NaN if it was not measured.
    """

    per_second: float
    p50: float
    p99: float
    processor: float = np.nan

    @classmethod
    def of(
        cls, times: Sequence[float] | Float64Array, seconds: float, processor: float = np.nan
    ) -> Self:
        """Returns the rate of calls that took `times` (milliseconds) within `seconds`."""
        p50, p99 = np.percentile(times, (50, 99))
        return cls(len(times) / seconds, float(p50), float(p99), processor)


def interleaved(
    candidates: Mapping[str, Callable[[float], Rate]], rounds: int, seconds: float
) -> dict[str, Rate]:
    """Returns the median rates of each candidate.

    Candidates are called with their duration in seconds. They take turns for `rounds` rounds, after
    a warm-up of at most a second.
    """
    found: dict[str, list[Rate]] = {name: [] for name in candidates}
    for measure in candidates.values():
        measure(min(seconds, 1))
    for _ in range(rounds):
        for name, measure in candidates.items():
            found[name].append(measure(seconds))
    return {name: _median(rates) for name, rates in found.items()}


def _median(rates: Sequence[Rate]) -> Rate:
    return Rate(*np.median([astuple(rate) for rate in rates], axis=0).tolist())
