"""The models that a request names, and whether what it brings is what they take."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeVar

import grpc
import numpy.typing as npt

from curvegan.engine import Engine
from curvegan.repository.description import ModelSpec, Tensor
from curvegan.repository.repository import MAX_VERSION
from serve.calls.status import RequestError, invalid_argument
from serve.compute.labels import check_labels
from serve.compute.sources import Source, check_finite

_VERSION = re.compile(r"[0-9]{1,18}", re.ASCII)


def model_spec(name: str, engine: Engine, field: str) -> ModelSpec:
    """Returns the model `name` of `engine`.

    Raises RequestError, NOT_FOUND for the request's field `field`, if there is no such model.
    """
    for known, spec in engine.specs.items():
        if name == known:
            return spec
    raise RequestError(
        grpc.StatusCode.NOT_FOUND,
        field,
        f"{_shown(name)} is not served: sampler and generator are",
    )


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


class Named(Protocol):
    """What a request says of one of its tensors."""

    @property
    def name(self) -> str:
        """Its name."""


Given = TypeVar("Given", bound=Named)


def match_inputs(model: ModelSpec, given: Sequence[Given]) -> Iterator[tuple[int, Given, Tensor]]:
    """Yields the tensors of a request, which may come in any order, in that of `model`: the place
    in the request, what is given, and what it has to be.

    Raises RequestError unless they are those that `model` takes.
    """
    names = [spec.name for spec in model.inputs]
    if len(given) != len(names):
        raise invalid_argument(
            "inputs",
            f"has {len(given)} tensors: this model takes {len(names)} ({', '.join(names)})",
        )
    places: dict[str, int] = {}
    for index, tensor in enumerate(given):
        if tensor.name not in names or tensor.name in places:
            again = " once more" if tensor.name in places else ""
            raise invalid_argument(
                f"inputs[{index}].name",
                f"is {_shown(tensor.name)}{again}: this model takes {' and '.join(names)}",
            )
        places[tensor.name] = index
    for spec in model.inputs:
        index = places[spec.name]
        yield index, given[index], spec


def check_input(spec: Tensor, field: str, datatype: str, shape: list[int]) -> int:
    """Returns how many numbers the tensor that a request describes in `field` has.

    Raises RequestError if it is not the one that `spec` describes, with at least one row.
    """
    if datatype != spec.datatype:
        raise invalid_argument(
            f"{field}.datatype", f"is {_shown(datatype)}: {spec.name} are {spec.datatype}"
        )
    if len(shape) != len(spec.shape) or shape[1:] != spec.shape[1:]:
        expected = ", ".join(["rows", *map(str, spec.shape[1:])])
        raise invalid_argument(
            f"{field}.shape", f"is {_shown(str(shape))}: this model takes [{expected}]"
        )
    if shape[0] < 1:
        raise invalid_argument(f"{field}.shape", f"is {shape}: give at least one row")
    # In Python's integers, so that a huge shape does not wrap round to a small number.
    return shape[0] * spec.width


def check_count(count: int, numbers: int, field: str) -> None:
    """Raises RequestError if `field` holds `count` numbers, and the shape says `numbers`."""
    if count != numbers:
        raise invalid_argument(field, f"has {count} numbers: the shape says {numbers}")


def rows_of(spec: Tensor, numbers: npt.NDArray[Any], field: str) -> npt.NDArray[Any]:
    """Returns the rows of the input `spec` whose numbers, flat, `field` holds.

    Raises RequestError for one that is not finite.
    """
    if not numbers.flags.aligned:  # The engine can't load from just anywhere in a message.
        numbers = numbers.copy()
    if spec.dtype.kind == "f":
        check_finite(numbers, spec.width, field)
    return numbers.reshape(spec.shape)


def source_of(
    model: ModelSpec, rows: Sequence[tuple[str, npt.NDArray[Any]]], known: Sequence[str]
) -> Source:
    """Returns the source of a request: the field and the rows of each input of `model`, whose
    classes are `known`.

    Raises RequestError if there are not as many labels as curves, or for an unknown one.
    """
    (_, values), *others = rows
    if not others:
        return Source(model.name, values)
    [(field, labels)] = others
    if len(labels) != len(values):
        raise invalid_argument(
            field, f"has {len(labels)} rows: give the class of each of the {len(values)} curves"
        )
    check_labels(labels, known, field)
    return Source(model.name, values, labels)


def _shown(text: str) -> str:
    """Returns what a client sent, quoted, so that it can be put into one line of an error."""
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
