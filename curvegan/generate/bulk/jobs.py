"""What is done with one part: it is made, or checked.

A job crosses to other processes and machines; there it is called with one part after the other.
"""

import socket
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from curvegan.arrays import Float32Array, Int64Array
from curvegan.engine import Engine
from curvegan.errors import CurveganError
from curvegan.generate.bulk.curve_set import SET, CurveSet, Part
from curvegan.generate.bulk.part_files import DamagedError, part_file, pieces_of
from curvegan.generate.bulk.place import Place
from curvegan.repository.repository import ModelVersion

# Workers that one part may cost.
MAX_ATTEMPTS = 3

# Curves of each piece of a part that a check computes again.
_SPOTS = 4
# How far apart runtimes and processors may be, as a share of what the curves span.
_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Outcome:
    """What became of a part: how many curves were made, or read (none: it is missing), and what is
    wrong with them."""

    n_rows: int
    problem: str = ""


@dataclass(frozen=True)
class Making:
    """Writes a part, unless it is there, whole."""

    place: Place
    curve_set: CurveSet
    model: ModelVersion

    def __call__(self, part: Part) -> Outcome:
        """Raises CurveganError if the part can't be written."""
        if self._is_there(part):
            return Outcome(0)
        pieces = (
            (seeds, _curves(self._engine, self.curve_set, part, seeds))
            for seeds in pieces_of(self.curve_set, part)
        )
        with self.place.writing(self.curve_set.file_name(part)) as file:
            part_file(self.curve_set).write(file, part, pieces)
        return Outcome(len(part.seeds))

    def _is_there(self, part: Part) -> bool:
        with self.place.reading(self.curve_set.file_name(part)) as file:
            try:
                if file:
                    part_file(self.curve_set).check(file, part)
                return file is not None
            except DamagedError:
                return False

    @cached_property
    def _engine(self) -> Engine:
        """Made where it is used. Raises CurveganError if the set does not lie there."""
        found = self.place.read(SET)
        if not found or CurveSet.from_json(found, f"{SET} in {self.place}") != self.curve_set:
            raise CurveganError(
                f"{self.place} is another place on {socket.gethostname()} than where the command "
                "runs: give a folder that all machines share, or a URL"
            )
        return Engine.of(self.model)


@dataclass(frozen=True)
class Checking:
    """Reads a part; a few of its curves are computed again, if there is a model."""

    place: Place
    curve_set: CurveSet
    model: ModelVersion | None

    def __call__(self, part: Part) -> Outcome:
        """Raises CurveganError if the place can't be read."""
        with self.place.reading(self.curve_set.file_name(part)) as file:
            if not file:
                return Outcome(0)
            try:
                self._check(file, part)
            except DamagedError as error:
                return Outcome(len(part.seeds), str(error))
        return Outcome(len(part.seeds))

    def _check(self, file: pa.NativeFile, part: Part) -> None:
        parts = part_file(self.curve_set)
        parts.check(file, part)
        file.seek(0)
        draw = np.random.default_rng(abs(part.seeds.start))
        pieces = pieces_of(self.curve_set, part)
        for expected, (seeds, curves) in zip(pieces, parts.read(file, part), strict=True):
            if not np.array_equal(seeds, expected):
                raise DamagedError("holds other seeds than its name says")
            if self._engine:
                spots = draw.integers(len(seeds), size=_SPOTS)
                again = _curves(self._engine, self.curve_set, part, seeds[spots])
                # What is not a number is not close either.
                if not np.abs(again - curves[spots]).max() <= _TOLERANCE * np.ptp(again):
                    raise DamagedError("holds other curves than the model makes")

    @cached_property
    def _engine(self) -> Engine | None:
        return Engine.of(self.model) if self.model else None


Job = Making | Checking
Done = tuple[Part, Outcome]

# Calls a job with all parts; yields each with its outcome, as they are done, and None now and then
# when none is. Closing it ends the work at once.
RunJob = Callable[[Job, Iterator[Part]], Generator[Done | None]]


def attempt(job: Job, part: Part) -> Outcome | CurveganError:
    """Returns what a worker has to say about a part: errors are answers, not tracebacks."""
    pa.set_cpu_count(1)
    try:
        return job(part)
    except CurveganError as error:
        return error
    except MemoryError as error:
        return CurveganError(f"not enough memory for {part}: {error}")


def _curves(engine: Engine, curve_set: CurveSet, part: Part, seeds: Int64Array) -> Float32Array:
    """Returns the curves of some of a part's seeds, int64 [n]: float32 [n, n_points]."""
    if part.label is None:
        return engine.curves_from_seeds(seeds)
    labels = np.full(len(seeds), curve_set.labels[part.label], np.int64)
    return engine.curves_from_seeds(seeds, labels)
