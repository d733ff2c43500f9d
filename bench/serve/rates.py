"""How fast a server, or a client, was."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Self

import numpy as np

from curvegan.arrays import Float64Array


@dataclass(frozen=True)
class Rate:
    """Calls a second, and how long a call took, in milliseconds.

    `processor` is the server's processor time of a call in microseconds, where it was measured.
    """

    per_second: float
    p50: float
    p99: float
    processor: float = np.nan

    @classmethod
    def of(
        cls, times: Sequence[float] | Float64Array, seconds: float, processor: float = np.nan
    ) -> Self:
        """Returns the rate of calls that took `times`, in milliseconds, within so many seconds."""
        p50, p99 = np.percentile(times, (50, 99))
        return cls(len(times) / seconds, float(p50), float(p99), processor)


def interleaved(
    candidates: Mapping[str, Callable[[float], Rate]], rounds: int, seconds: float
) -> dict[str, Rate]:
    """Returns the medians of each candidate's rates.

    A candidate is called with how many seconds it may take. They take turns for `rounds` rounds,
    after one of a second at most that is not counted.
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
