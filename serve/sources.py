"""What a request asks curves of: seeds, a range of seeds, or noise. Checked, and cut into parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from curvegan.v1 import curves_pb2
from serve.arrays import Float32Array, Int64Array
from serve.engine import Engine
from serve.manifest import ModelName
from serve.seeds import MAX_SEED
from serve.status import invalid_argument

Number = TypeVar("Number", np.int64, np.float32)

_FEW = 64

# Far beyond any noise that a generator was trained on, and well below where its float32 curves
# would be infinite.
MAX_NOISE = 1e6


@dataclass(frozen=True)
class Seeds:
    """Curves of the seeds `values`, int64 [n]."""

    model: ClassVar[ModelName] = "sampler"
    values: Int64Array

    @property
    def rows(self) -> int:
        """How many curves it asks for."""
        return len(self.values)

    def seeds(self, start: int, stop: int) -> Int64Array:
        """Returns the seeds of the rows from `start` to before `stop`, [n]."""
        return self.values[start:stop]

    def curves(
        self, engine: Engine, start: int, stop: int, out: Float32Array | None = None
    ) -> Float32Array:
        """Returns the curves of the rows from `start` to before `stop`, [n, n_points]; written into
        `out`, if that is given."""
        return engine.curves_from_seeds(self.seeds(start, stop), out)


@dataclass(frozen=True)
class SeedRange:
    """Curves of the seeds first, first + 1, ..., first + rows - 1; never held in memory at once."""

    model: ClassVar[ModelName] = "sampler"
    first: int
    rows: int

    def seeds(self, start: int, stop: int) -> Int64Array:
        """Returns the seeds of the rows from `start` to before `stop`, [n]."""
        return np.arange(stop - start, dtype=np.int64) + (self.first + start)

    def curves(
        self, engine: Engine, start: int, stop: int, out: Float32Array | None = None
    ) -> Float32Array:
        """Returns the curves of the rows from `start` to before `stop`, [n, n_points]; written into
        `out`, if that is given."""
        return engine.curves_from_seeds(self.seeds(start, stop), out)


@dataclass(frozen=True)
class Noise:
    """Curves of the noise `values`, float32 [n, n_noise]."""

    model: ClassVar[ModelName] = "generator"
    values: Float32Array

    @property
    def rows(self) -> int:
        """How many curves it asks for."""
        return len(self.values)

    def curves(
        self, engine: Engine, start: int, stop: int, out: Float32Array | None = None
    ) -> Float32Array:
        """Returns the curves of the rows from `start` to before `stop`, [n, n_points]; written into
        `out`, if that is given."""
        return engine.curves_from_noise(self.values[start:stop], out)


Source = Seeds | SeedRange | Noise


def parse_source(source: curves_pb2.CurveSource, n_noise: int) -> Source:
    """Returns what `source` asks for of a model that takes `n_noise` numbers a row.

    Raises RequestError, naming the field, for a source that is empty or wrong.
    """
    match source.WhichOneof("source"):
        case "seeds":
            return _seeds(source.seeds)
        case "range":
            return _range(source.range)
        case "noise":
            return _noise(source.noise, n_noise)
        case _:
            raise invalid_argument("source", "is not set: give seeds, range or noise")


def _seeds(seeds: curves_pb2.SeedList) -> Seeds:
    if not seeds.values:
        raise invalid_argument("source.seeds.values", "is empty: give at least one seed")
    return Seeds(_array(seeds.values, np.int64))


def _range(seeds: curves_pb2.SeedRange) -> SeedRange:
    if seeds.count < 1:
        raise invalid_argument("source.range.count", f"is {seeds.count}: ask for at least 1 curve")
    if seeds.first + seeds.count - 1 > MAX_SEED:
        raise invalid_argument(
            "source.range.count",
            f"is {seeds.count}: {seeds.count} seeds from {seeds.first} on pass the last seed, "
            f"{MAX_SEED}",
        )
    return SeedRange(seeds.first, seeds.count)


def _noise(noise: curves_pb2.NoiseRows, n_noise: int) -> Noise:
    if noise.width != n_noise:
        raise invalid_argument(
            "source.noise.width", f"is {noise.width}: this model takes {n_noise}"
        )
    values = _array(noise.values, np.float32)
    if not len(values):
        raise invalid_argument("source.noise.values", "is empty: give at least one row")
    if len(values) % n_noise:
        raise invalid_argument(
            "source.noise.values", f"has {len(values)} numbers: give whole rows of {n_noise}"
        )
    return checked_noise(values, n_noise, "source.noise.values")


def checked_noise(values: Float32Array, n_noise: int, field: str) -> Noise:
    """Returns the noise whose rows, one after another, the request's field `field` holds.

    Raises RequestError for a number that is not finite, or too large.
    """
    # Asked this way round because a NaN compares as false with everything.
    if values.max() <= MAX_NOISE and values.min() >= -MAX_NOISE:
        return Noise(values.reshape(-1, n_noise))
    wrong = int(np.flatnonzero(~(np.abs(values) <= MAX_NOISE))[0])
    row, column = divmod(wrong, n_noise)
    raise invalid_argument(
        field,
        f"is {values[wrong]} in row {row}, column {column}: give numbers from "
        f"{-MAX_NOISE:.0e} to {MAX_NOISE:.0e}",
    )


def _array(values: Sequence[Any], dtype: type[Number]) -> npt.NDArray[Number]:
    # numpy takes two microseconds to find out that a repeated field can hand over its memory.
    return np.array(values[:] if len(values) < _FEW else values, dtype)
