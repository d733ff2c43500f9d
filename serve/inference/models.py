"""The two models as the protocol sees them: their names, their versions and their tensors."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

import grpc
import numpy as np
import numpy.typing as npt

from curvegan.engine import Engine
from curvegan.repository.manifest import ModelName
from curvegan.repository.repository import MAX_VERSION
from serve.calls.status import RequestError, invalid_argument
from serve.compute.sources import Source, noise_source

Datatype = Literal["INT64", "FP32"]

NAMES: tuple[ModelName, ...] = get_args(ModelName)
# Stands in a shape for the rows, of which there may be any number.
ROWS = -1

_VERSION = re.compile(r"[0-9]{1,18}", re.ASCII)
_INT64, _FLOAT32 = np.dtype("<i8"), np.dtype("<f4")


@dataclass(frozen=True)
class TensorSpec:
    """A tensor of a model: `shape` is [ROWS] or [ROWS, width], `dtype` the type of its numbers on
    the wire, little-endian."""

    name: str
    datatype: Datatype
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


@dataclass(frozen=True)
class ModelSpec:
    """A model: what it takes and what it gives."""

    name: ModelName
    input: TensorSpec
    output: TensorSpec


def model_spec(name: str, engine: Engine, field: str) -> ModelSpec:
    """Returns the model `name` in the shape that `engine` has.

    Raises RequestError, NOT_FOUND for the request's field `field`, if there is no such model.
    """
    spec = _specs(engine.n_noise, engine.n_points).get(name)
    if spec is None:
        raise RequestError(
            grpc.StatusCode.NOT_FOUND,
            field,
            f"{_shown(name)} is not served: sampler and generator are",
        )
    return spec


@lru_cache
def _specs(n_noise: int, n_points: int) -> dict[str, ModelSpec]:
    seeds = TensorSpec("seeds", "INT64", _INT64, (ROWS,))
    noise = TensorSpec("noise", "FP32", _FLOAT32, (ROWS, n_noise))
    curves = TensorSpec("curves", "FP32", _FLOAT32, (ROWS, n_points))
    return {
        "sampler": ModelSpec("sampler", seeds, curves),
        "generator": ModelSpec("generator", noise, curves),
    }


def parse_version(text: str, field: str) -> int:
    """Returns the version number that `text` is, or 0, the default version, for an empty one.

    Raises RequestError, naming the request's field `field`, for what is no number.
    """
    if not text:
        return 0
    if not _VERSION.fullmatch(text) or not 1 <= int(text) <= MAX_VERSION:
        raise invalid_argument(
            field, f"is {_shown(text)}: give a version's number, or nothing for the default one"
        )
    return int(text)


def check_input(spec: TensorSpec, name: str, datatype: str, shape: list[int]) -> int:
    """Returns how many numbers the tensor that a request describes has.

    Raises RequestError if it is not the one that `spec` describes, with at least one row.
    """
    if name != spec.name:
        raise invalid_argument("inputs[0].name", f"is {_shown(name)}: this model takes {spec.name}")
    if datatype != spec.datatype:
        raise invalid_argument(
            "inputs[0].datatype", f"is {_shown(datatype)}: {spec.name} are {spec.datatype}"
        )
    if len(shape) != len(spec.shape) or tuple(shape[1:]) != spec.shape[1:]:
        expected = ", ".join(["rows", *map(str, spec.shape[1:])])
        raise invalid_argument(
            "inputs[0].shape", f"is {_shown(str(shape))}: this model takes [{expected}]"
        )
    if shape[0] < 1:
        raise invalid_argument("inputs[0].shape", f"is {shape}: give at least one row")
    # In Python's integers, so that a huge shape does not wrap round to a small number.
    return shape[0] * (spec.shape[1] if len(spec.shape) > 1 else 1)


def check_count(count: int, numbers: int, field: str) -> None:
    """Raises RequestError if `field` holds `count` numbers, and the shape says `numbers`."""
    if count != numbers:
        raise invalid_argument(field, f"has {count} numbers: the shape says {numbers}")


def source_of(spec: TensorSpec, numbers: npt.NDArray[Any], field: str) -> Source:
    """Returns the source of the input `spec` whose numbers, flat, `field` holds.

    Raises RequestError for noise that is not finite.
    """
    if not numbers.flags.aligned:  # The engine can't load from just anywhere in a message.
        numbers = numbers.copy()
    if spec.datatype == "INT64":
        return Source("sampler", numbers)
    return noise_source(numbers, spec.shape[1], field)


def _shown(text: str) -> str:
    """Returns what a client sent, quoted, so that it can be put into one line of an error."""
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
