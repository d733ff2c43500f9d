"""Seeds as people write them: `7`, `1,5,9`, `0-63`, or a mix."""

import itertools
import re
from collections.abc import Iterable, Iterator

import numpy as np

from curvegan.arrays import Int64Array
from curvegan.errors import CurveganError
from curvegan.seeds import MAX_SEED, MIN_SEED

_PART = re.compile(r"\s*(-?\d{1,30})\s*(?:-\s*(-?\d{1,30})\s*)?", re.ASCII)
_SHORT = 1024


def parse_seeds(text: str) -> tuple[range, ...]:
    """Returns the seeds of `text` as unbroken ranges, in its order.

    A part is a seed or first-last, both ends included; either end may be negative, as in `-5--1`.

    Raises CurveganError for anything else, and for a seed that is not a 64-bit integer.
    """
    return tuple(_parse_part(part) for part in text.split(","))


def _parse_part(part: str) -> range:
    match = _PART.fullmatch(part)
    if not match:
        raise CurveganError(
            f"{part.strip()[:40]!r} is neither a seed nor a range of seeds; "
            "write 7 or 1,5,9 or 0-63"
        )
    first = int(match[1])
    last = int(match[2]) if match[2] else first
    for seed in (first, last):
        if not MIN_SEED <= seed <= MAX_SEED:
            raise CurveganError(
                f"seed {seed} is not a 64-bit integer: give {MIN_SEED} to {MAX_SEED}"
            )
    if last < first:
        raise CurveganError(f"write the seeds {last}-{first} rather than {first}-{last}")
    return range(first, last + 1)


def merged(ranges: Iterable[range]) -> tuple[range, ...]:
    """Returns the seeds of `ranges`, each once and ascending, as unbroken ranges."""
    joined: list[range] = []
    for part in sorted(ranges, key=lambda part: part.start):
        if joined and part.start <= joined[-1].stop:
            last = joined.pop()
            part = range(last.start, max(last.stop, part.stop))
        joined.append(part)
    return tuple(joined)


def format_seeds(ranges: Iterable[range]) -> str:
    """Returns the seeds of `ranges` as `parse_seeds` reads them."""
    return ",".join(
        str(part.start) if count_seeds(part) == 1 else f"{part.start}-{part.stop - 1}"
        for part in ranges
    )


def count_seeds(part: range) -> int:
    """Returns how many seeds an unbroken range has; `len` can't count beyond 2^63 - 1."""
    return part.stop - part.start


def batches(ranges: Iterable[range]) -> Iterator[range | Int64Array]:
    """Yields the seeds of `ranges` in few pieces: short ones joined to an array, long ones as is.

    Each piece is a call to the server, so `1,5,9` is to be one and not three.
    """
    for short, parts in itertools.groupby(ranges, lambda part: count_seeds(part) <= _SHORT):
        if short:
            yield np.concatenate([np.array(part, np.int64) for part in parts])
        else:
            yield from parts
