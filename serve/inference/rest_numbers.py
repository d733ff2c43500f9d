"""The numbers of a request over HTTP: in its JSON, or raw after it."""

import contextlib
import itertools
import re
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from curvegan.repository.description import Tensor
from curvegan.seeds import MAX_SEED, MIN_SEED
from serve.calls.status import invalid_argument
from serve.inference.models import check_count, rows_of
from serve.inference.tensors import parse_raw

Shape = TypeVar("Shape")

_Int64 = Annotated[int, msgspec.Meta(ge=MIN_SEED, le=MAX_SEED)]
_NESTED = re.compile(rb"\s*\[\s*\[")
_BOM = b"\xef\xbb\xbf"
# A seed as a string, with at most as many digits as an int64 has.
_WHOLE = re.compile(r"-?[0-9]{1,19}", re.ASCII)
# Larger floats may have been rounded, and a rounded seed gives another curve.
_MAX_EXACT = 2**53 - 1


# In optional fields, null means not set.
class WithParameters(msgspec.Struct):
    """What has parameters: a request, or one of its tensors."""

    parameters: dict[str, Any] | None = None

    def set_parameters(self) -> dict[str, Any]:
        """Returns the parameters that are not null."""
        return {name: value for name, value in (self.parameters or {}).items() if value is not None}


class Input(WithParameters, kw_only=True):
    """A tensor of a request."""

    name: str
    datatype: str
    shape: list[_Int64]
    data: msgspec.Raw = msgspec.Raw()  # decoded later, when its type is known; empty if not set


def decode(json: bytes | memoryview, shape: type[Shape], field: str) -> Shape:
    """Returns what the JSON of `field` holds. Raises RequestError if it does not parse."""
    if json[: len(_BOM)] == _BOM:  # Some editors and shells write a BOM.
        json = json[len(_BOM) :]
    try:
        return msgspec.json.decode(json, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise invalid_argument(field, f"does not parse: {error}") from None


def split_raw(inputs: Sequence[Input], raw: memoryview | None) -> list[memoryview | None]:
    """Cuts the raw numbers after the JSON, None without the header, into those of each input; None
    for one without.

    Raises RequestError unless the sizes that the inputs state add up.
    """
    sizes = [given.set_parameters().get("binary_data_size") for given in inputs]
    raws: list[memoryview | None] = []
    rest = raw or memoryview(b"")
    for index, size in enumerate(sizes):
        if size is None:
            raws.append(None)
            continue
        is_last = all(later is None for later in sizes[index + 1 :])
        least = len(rest) if is_last else 0
        if raw is None or type(size) is not int or not least <= size <= len(rest):
            raise invalid_argument(
                f"inputs[{index}].parameters.binary_data_size",
                f"is {repr(size)[:60]}: {len(rest)} bytes follow the JSON",
            )
        raws.append(rest[:size])
        rest = rest[size:]
    if rest:
        raise invalid_argument(
            "inputs[0].parameters", "has no binary_data_size: raw numbers follow the JSON"
        )
    return raws


def parse_rows(
    given: Input, raw: memoryview | None, numbers: int, spec: Tensor, field: str
) -> tuple[str, npt.NDArray[Any]]:
    """Returns the field that holds the rows of `spec`, of the input `field`, and the rows.

    Raises RequestError for other than `numbers` numbers, and for invalid ones.
    """
    data = b"" if bytes(given.data) == b"null" else bytes(given.data)
    if raw is None:
        return f"{field}.data", _from_json(data, numbers, spec, f"{field}.data")
    if data:
        raise invalid_argument(f"{field}.data", "is set, although binary_data_size is set too")
    field = f"{field}.binary_data"
    return field, parse_raw(spec, raw, numbers, field)


def _from_json(data: bytes, numbers: int, spec: Tensor, field: str) -> npt.NDArray[Any]:
    if not data:
        raise invalid_argument(field, "is not set: give the numbers")
    values: Sequence[float]
    if spec.dtype.kind == "i":
        values = _integers(data, field)
    elif _NESTED.match(data):
        rows = decode(data, list[list[float]], field)
        if any(len(row) != spec.width for row in rows):
            raise invalid_argument(field, f"has rows whose length is not {spec.width}")
        values = list(itertools.chain.from_iterable(rows))
    else:
        values = decode(data, list[float], field)
    check_count(len(values), numbers, field)
    # Numbers too large for float32 become infinite, which the check of the noise rejects.
    with np.errstate(over="ignore"):
        return rows_of(spec, np.array(values, spec.dtype), field)


def _integers(data: bytes, field: str) -> list[int]:
    """Parses a JSON list of integers: integers, whole floats, or strings, for languages that have
    no 64-bit integers. Raises RequestError."""
    with contextlib.suppress(msgspec.MsgspecError):
        return msgspec.json.decode(data, type=list[_Int64])
    # Slow path: also accepts floats and strings, and names the invalid element.
    integers = []
    for index, value in enumerate(decode(data, list[Any], field)):
        integer = value
        if (isinstance(value, str) and _WHOLE.fullmatch(value)) or (
            isinstance(value, float) and value.is_integer() and abs(value) <= _MAX_EXACT
        ):
            integer = int(value)
        if type(integer) is not int or not MIN_SEED <= integer <= MAX_SEED:
            raise invalid_argument(
                f"{field}[{index}]",
                f"is {repr(value)[:60]}: give a whole number from -2^63 to 2^63 - 1, with all its "
                "digits if it is beyond 2^53",
            )
        integers.append(integer)
    return integers
