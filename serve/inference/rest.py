"""Translates the protocol over HTTP: JSON, followed by raw numbers if requested.

Numbers in JSON are written as float64, so that every language reads back the same float32. The
shortest decimal of a float32 may be off if it is parsed as float64 first (7.038531e-26). Clients
that want smaller and faster responses can request raw numbers, with Triton's binary tensor data
extension.
"""

import contextlib
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import grpc
import msgspec
import numpy as np
import numpy.typing as npt
from google.protobuf.message import Message

from curvegan.arrays import Float32Array
from curvegan.repository.description import ModelSpec, Tensor
from curvegan.seeds import MAX_SEED, MIN_SEED
from serve.calls.status import invalid_argument
from serve.compute.sources import Source
from serve.inference import inference_pb2
from serve.inference.models import check_count, check_input, match_inputs, rows_of, source_of
from serve.inference.tensors import check_options, check_output, parse_raw

Shape = TypeVar("Shape")

# The HTTP header with the length of the JSON at the start of a body; raw numbers follow it.
JSON_LENGTH_HEADER = "Inference-Header-Content-Length"
# Curves per piece of a response: 300 KB of JSON, which takes some milliseconds to write.
ROWS_OF_A_PIECE = 1024

_HTTP_STATUS = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}


_Int64 = Annotated[int, msgspec.Meta(ge=MIN_SEED, le=MAX_SEED)]
_NESTED = re.compile(rb"\s*\[\s*\[")
_BOM = b"\xef\xbb\xbf"
# A seed as a string, with at most as many digits as an int64 has.
_WHOLE = re.compile(r"-?[0-9]{1,19}", re.ASCII)
# Larger floats may have been rounded, and a rounded seed gives another curve.
_MAX_EXACT = 2**53 - 1


# In optional fields, null means not set.
class _WithParameters(msgspec.Struct):
    parameters: dict[str, Any] | None = None

    def set_parameters(self) -> dict[str, Any]:
        """Returns the parameters that are not null."""
        return {name: value for name, value in (self.parameters or {}).items() if value is not None}


class _Input(_WithParameters, kw_only=True):
    name: str
    datatype: str
    shape: list[_Int64]
    data: msgspec.Raw = msgspec.Raw()  # decoded later, when its type is known; empty if not set


class _Output(_WithParameters, kw_only=True):
    name: str


class _Request(_WithParameters, kw_only=True):
    inputs: list[_Input]
    outputs: list[_Output] | None = None
    id: str | None = None


class _IndexRequest(msgspec.Struct):
    ready: bool | None = None


@dataclass(frozen=True)
class InferRequest:
    """A parsed inference request; `raw` is whether the response's numbers are raw bytes."""

    source: Source
    id: str
    raw: bool


@dataclass(frozen=True)
class InferAnswer:
    """The body of a response, in pieces, because JSON is five times as large as the curves.

    `json_length` is the value of the header JSON_LENGTH_HEADER, or None if the body is only JSON.
    """

    pieces: Iterator[bytes]
    json_length: int | None = None


def parse_infer(
    body: bytes, json_length: str | None, model: ModelSpec, labels: Sequence[str]
) -> InferRequest:
    """Parses the body of an inference request for `model`, whose classes are `labels`.

    `json_length` is the header JSON_LENGTH_HEADER, or None. Raises RequestError with the invalid
    field if the request is invalid for this model.
    """
    json, raw = _parts(body, json_length)
    request = _decode(json, _Request, "request")
    matched = list(match_inputs(model, request.inputs))
    raws = _raws(request.inputs, raw)
    rows = []
    for index, given, spec in matched:
        field = f"inputs[{index}]"
        numbers = check_input(spec, field, given.datatype, given.shape)
        check_options(f"{field}.parameters", given.set_parameters())
        rows.append(_rows(given, raws[index], numbers, spec, field))
    for index, output in enumerate(request.outputs or ()):
        check_output(model.output, index, output.name)
        check_options(f"outputs[{index}].parameters", output.set_parameters())
    source = source_of(model, rows, labels)
    return InferRequest(source, request.id or "", _wants_raw(request))


def infer_answer(
    request: InferRequest, model: ModelSpec, version: int, curves: Float32Array
) -> InferAnswer:
    """Returns the response with `curves`, float32 [n, n_points].

    Raises RequestError for numbers that JSON can't represent.
    """
    if not request.raw and not np.isfinite(curves).all():
        raise invalid_argument(
            "inputs[0].data",
            "gives curves that are not finite, which JSON can't represent: request binary_data",
        )
    output: dict[str, Any] = {
        "name": model.output.name,
        "datatype": model.output.datatype,
        "shape": curves.shape,
    }
    head: dict[str, Any] = {"model_name": model.name, "model_version": str(version)}
    if request.id:
        head["id"] = request.id
    head["outputs"] = [output]
    if not request.raw:
        output["data"] = []
        return InferAnswer(_json_pieces(msgspec.json.encode(head), curves))
    numbers = np.ascontiguousarray(curves, model.output.dtype)
    output["parameters"] = {"binary_data_size": numbers.nbytes}
    json = msgspec.json.encode(head)
    return InferAnswer(_raw_pieces(json, numbers), len(json))


def document(message: Message) -> bytes:
    """Returns one of the protocol's messages as JSON."""
    return msgspec.json.encode(_plain(message))


def index_document(index: inference_pb2.RepositoryIndexResponse) -> bytes:
    """Returns the index as JSON, which over REST is a plain list."""
    return msgspec.json.encode([_plain(model) for model in index.models])


def check_index_request(body: bytes) -> None:
    """Raises RequestError if the body of a request for the index is neither valid nor empty."""
    if body not in (b"", b"null"):
        _decode(body, _IndexRequest, "request")


def error_document(problem: str) -> bytes:
    """Returns the body of an error response."""
    return msgspec.json.encode({"error": problem})


def http_status(code: grpc.StatusCode) -> int:
    """Returns the HTTP status of an error."""
    return _HTTP_STATUS.get(code, 500)


def _json_pieces(empty: bytes, curves: Float32Array) -> Iterator[bytes]:
    """Yields the JSON `empty` with all numbers inserted into the empty list at its end."""
    end = b"]}]}"
    yield empty.removesuffix(end)
    for start in range(0, len(curves), ROWS_OF_A_PIECE):
        numbers = msgspec.json.encode(curves[start : start + ROWS_OF_A_PIECE].ravel().tolist())
        yield (b"," if start else b"") + numbers[1:-1]
    yield end


def _raw_pieces(json: bytes, numbers: Float32Array) -> Iterator[bytes]:
    yield json
    for start in range(0, len(numbers), ROWS_OF_A_PIECE):
        yield numbers[start : start + ROWS_OF_A_PIECE].tobytes()


def _parts(body: bytes, json_length: str | None) -> tuple[memoryview, memoryview | None]:
    """Splits a body into its JSON and the raw numbers after it, None without the header."""
    whole = memoryview(body)
    if json_length is None:
        return whole, None
    # isdecimal alone accepts digits of other scripts too.
    if not (json_length.isascii() and json_length.isdecimal() and len(json_length) < 19):
        raise invalid_argument(
            JSON_LENGTH_HEADER, f"is {json_length[:60]!r}: give the number of bytes of the JSON"
        )
    length = int(json_length)
    if length > len(body):
        raise invalid_argument(JSON_LENGTH_HEADER, f"is {length}: the body has {len(body)} bytes")
    return whole[:length], whole[length:]


def _decode(json: bytes | memoryview, shape: type[Shape], field: str) -> Shape:
    if json[: len(_BOM)] == _BOM:  # Some editors and shells write a BOM.
        json = json[len(_BOM) :]
    try:
        return msgspec.json.decode(json, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise invalid_argument(field, f"does not parse: {error}") from None


def _raws(inputs: Sequence[_Input], raw: memoryview | None) -> list[memoryview | None]:
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


def _rows(
    given: _Input, raw: memoryview | None, numbers: int, spec: Tensor, field: str
) -> tuple[str, npt.NDArray[Any]]:
    """Returns the field that holds the rows of `spec`, of the input `field`, and the rows."""
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
        rows = _decode(data, list[list[float]], field)
        if any(len(row) != spec.width for row in rows):
            raise invalid_argument(field, f"has rows whose length is not {spec.width}")
        values = list(itertools.chain.from_iterable(rows))
    else:
        values = _decode(data, list[float], field)
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
    for index, value in enumerate(_decode(data, list[Any], field)):
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


def _wants_raw(request: _Request) -> bool:
    """Returns whether the response must be raw: the output's parameter takes precedence over the
    request's."""
    for output in request.outputs or ():
        if "binary_data" in (parameters := output.set_parameters()):
            return parameters["binary_data"] is True
    return request.set_parameters().get("binary_data_output") is True


def _plain(message: Message) -> dict[str, Any]:
    """Returns all fields of a message, including those with default values.

    protobuf's own JSON format writes 64-bit numbers as strings.
    """
    return {
        field.name: _plain_value(field, getattr(message, field.name))
        for field in message.DESCRIPTOR.fields
    }


def _plain_value(field: Any, value: Any) -> Any:
    if field.is_repeated:
        return [_plain(element) for element in value] if field.message_type else list(value)
    if field.message_type:
        return _plain(value)
    return field.enum_type.values_by_number[value].name if field.enum_type else value
