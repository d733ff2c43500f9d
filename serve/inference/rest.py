"""Translates the protocol over HTTP: JSON, followed by raw numbers if requested.

Numbers in JSON are written as float64, so that every language reads back the same float32. The
shortest decimal of a float32 may be off if it is parsed as float64 first (7.038531e-26). Clients
that want smaller and faster responses can request raw numbers, with Triton's binary tensor data
extension.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import msgspec
import numpy as np
from google.protobuf.message import Message

from curvegan.arrays import Float32Array
from curvegan.repository.description import ModelSpec
from serve.calls.status import invalid_argument
from serve.compute.sources import Source
from serve.inference import inference_pb2
from serve.inference.models import check_input, match_inputs, source_of
from serve.inference.rest_numbers import Input, WithParameters, decode, parse_rows, split_raw
from serve.inference.tensors import check_options, check_output

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


class _Output(WithParameters, kw_only=True):
    name: str


class _Request(WithParameters, kw_only=True):
    inputs: list[Input]
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
    request = decode(json, _Request, "request")
    matched = list(match_inputs(model, request.inputs))
    raws = split_raw(request.inputs, raw)
    rows = []
    for index, given, spec in matched:
        field = f"inputs[{index}]"
        numbers = check_input(spec, field, given.datatype, given.shape)
        check_options(f"{field}.parameters", given.set_parameters())
        rows.append(parse_rows(given, raws[index], numbers, spec, field))
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
        decode(body, _IndexRequest, "request")


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
