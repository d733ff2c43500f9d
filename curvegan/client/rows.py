"""What curves are asked for: seeds or noise, checked, and cut into pieces for single calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeGuard

import numpy as np
import numpy.typing as npt

from curvegan.arrays import Float32Array, Int64Array
from curvegan.seeds import MAX_SEED, MIN_SEED
from curvegan.v1 import curves_pb2
from curvegan.wire import packed

Seeds = int | range | Sequence[int] | npt.NDArray[np.integer]

# A call's share of a list or of noise, and of a range: well within what a server accepts.
_BYTES_PER_CALL = 2**20
_COUNT_PER_CALL = 10_000_000


class Rows(Protocol):
    """`count` rows to ask for, `per_call` at most in one call of a stream."""

    @property
    def count(self) -> int:
        """How many there are."""

    @property
    def per_call(self) -> int:
        """How many a call may ask for."""

    def source(self, start: int, stop: int) -> curves_pb2.CurveSource:
        """Returns the request's source for the rows from `start` to before `stop`."""


@dataclass(frozen=True)
class SeedRange:
    """The seeds first, first + 1, ..., first + count - 1: two numbers on the wire, whatever their
    count."""

    first: int
    count: int
    per_call: int = _COUNT_PER_CALL

    def source(self, start: int, stop: int) -> curves_pb2.CurveSource:
        """Returns the request's source for the rows from `start` to before `stop`."""
        source = curves_pb2.CurveSource()
        source.range.first = self.first + start
        source.range.count = stop - start
        return source


@dataclass(frozen=True)
class SeedList:
    """The seeds `values`, int64 [n]."""

    values: Int64Array
    per_call: int = _BYTES_PER_CALL // 8

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.values)

    def source(self, start: int, stop: int) -> curves_pb2.CurveSource:
        """Returns the request's source for the rows from `start` to before `stop`."""
        source = curves_pb2.CurveSource()
        source.seeds.SetInParent()
        values = packed(curves_pb2.SeedList.VALUES_FIELD_NUMBER, self.values[start:stop])
        source.seeds.MergeFromString(values)
        return source


@dataclass(frozen=True)
class NoiseRows:
    """The noise `values`, float32 [n, n_noise]."""

    values: Float32Array

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.values)

    @property
    def per_call(self) -> int:
        """How many rows a call may ask for."""
        return max(1, _BYTES_PER_CALL // max(1, 4 * int(self.values.shape[1])))

    def source(self, start: int, stop: int) -> curves_pb2.CurveSource:
        """Returns the request's source for the rows from `start` to before `stop`."""
        source = curves_pb2.CurveSource()
        source.noise.width = self.values.shape[1]
        values = packed(curves_pb2.NoiseRows.VALUES_FIELD_NUMBER, self.values[start:stop])
        source.noise.MergeFromString(values)
        return source


def seed_rows(seeds: Seeds) -> SeedRange | SeedList:
    """Returns the rows of `seeds`, in their order. Raises ValueError for seeds that are not 64-bit
    integers."""
    if _is_unbroken(seeds):
        return SeedRange(_checked(seeds[0]), _checked(seeds[-1]) - seeds[0] + 1)
    return SeedList(_seed_array(seeds))


def noise_rows(noise: npt.ArrayLike) -> NoiseRows:
    """Returns the rows of `noise`. Raises ValueError unless it is [n, n_noise]."""
    if np.iscomplexobj(noise):
        raise ValueError("noise has complex numbers: give real ones")
    with np.errstate(over="ignore"):  # The server says what is wrong with an infinity.
        rows = np.asarray(noise, np.float32)
    if rows.ndim != 2:
        raise ValueError(f"noise has shape {rows.shape}: give [n, n_noise]")
    return NoiseRows(rows)


def _is_unbroken(seeds: Seeds) -> TypeGuard[range]:
    return isinstance(seeds, range) and seeds.step == 1 and bool(seeds)


def _seed_array(seeds: Seeds) -> Int64Array:
    values = np.atleast_1d(np.asarray(seeds))
    if values.ndim != 1:
        raise ValueError(f"seeds have shape {values.shape}: give a number, a range or a list")
    if isinstance(seeds, np.ndarray) and np.can_cast(values.dtype, np.int64):
        return values.astype(np.int64)
    # Anything else seed by seed: numpy would make integers of booleans, and floats of integers that
    # are too large.
    checked = [_checked(seed) for seed in np.atleast_1d(np.asarray(seeds, object))]
    return np.array(checked, np.int64)


def _checked(seed: object) -> int:
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool):
        raise ValueError(f"seed {seed!r} is not an integer")
    if not MIN_SEED <= seed <= MAX_SEED:
        raise ValueError(f"seed {seed} is not a 64-bit integer: give {MIN_SEED} to {MAX_SEED}")
    return int(seed)
