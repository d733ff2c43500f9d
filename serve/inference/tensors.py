"""Translates the protocol's protobuf messages: requests to sources, curves to responses.

Like Triton's, responses always contain raw numbers: Triton's client reads nothing else.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from curvegan.arrays import Float32Array
from curvegan.repository.description import ModelSpec, Tensor
from serve.calls.status import invalid_argument
from serve.compute.sources import Source
from serve.inference import inference_pb2
from serve.inference.models import check_count, check_input, match_inputs, rows_of, source_of

# Unsupported options. Ignoring them would give a wrong response.
_UNSUPPORTED = ("shared_memory_region", "classification")


def parse_request(
    request: inference_pb2.ModelInferRequest, model: ModelSpec, labels: Sequence[str]
) -> Source:
    """Returns the source in `request`, for `model`, whose classes are `labels`.

    Raises RequestError with the invalid field if the request is invalid for this model.
    """
    raw = request.raw_input_contents
    rows = []
    for index, given, spec in match_inputs(model, request.inputs):
        field = f"inputs[{index}]"
        numbers = check_input(spec, field, given.datatype, given.shape[:])
        check_options(f"{field}.parameters", given.parameters)
        if not raw:
            rows.append(_typed(spec, given.contents, numbers, f"{field}.contents"))
            continue
        if given.HasField("contents") and given.contents.ByteSize():
            raise invalid_argument(
                "raw_input_contents", f"and {field}.contents are both set: give one of them"
            )
        if len(raw) != len(request.inputs):
            raise invalid_argument(
                "raw_input_contents", f"has {len(raw)} elements: give one for each input"
            )
        field = f"raw_input_contents[{index}]"
        rows.append((field, parse_raw(spec, raw[index], numbers, field)))
    for index, output in enumerate(request.outputs):
        check_output(model.output, index, output.name)
        check_options(f"outputs[{index}].parameters", output.parameters)
    return source_of(model, rows, labels)


def parse_raw(
    spec: Tensor, content: bytes | memoryview, numbers: int, field: str
) -> npt.NDArray[Any]:
    """Returns the rows of `spec` in `content`, the raw bytes of `numbers` numbers in `field`.

    Raises RequestError if the size is wrong or a number is not finite.
    """
    expected = numbers * spec.dtype.itemsize
    if len(content) != expected:
        raise invalid_argument(
            field, f"has {len(content)} bytes: the shape says {numbers} numbers, {expected} bytes"
        )
    return rows_of(spec, np.frombuffer(content, spec.dtype), field)


def check_output(spec: Tensor, index: int, name: str) -> None:
    """Raises RequestError if the output at `index` of a request is not `spec`."""
    if name != spec.name:
        raise invalid_argument(
            f"outputs[{index}].name", f"is not known: this model returns {spec.name}"
        )


def check_options(field: str, options: Mapping[str, object]) -> None:
    """Raises RequestError if the options of a tensor, in `field`, contain an unsupported one."""
    for name in _UNSUPPORTED:
        if name in options:
            raise invalid_argument(field, f"has {name}, which this server does not support")


def answer(
    request_id: str, model: ModelSpec, version: int, curves: Float32Array
) -> inference_pb2.ModelInferResponse:
    """Returns the ModelInferResponse with `curves`, float32 [n, n_points]."""
    message = inference_pb2.ModelInferResponse(
        model_name=model.name, model_version=str(version), id=request_id
    )
    message.outputs.add(name=model.output.name, datatype=model.output.datatype, shape=curves.shape)
    message.raw_output_contents.append(curves.astype(model.output.dtype, copy=False).tobytes())
    return message


def stream_error(request_id: str, message: str) -> inference_pb2.ModelStreamInferResponse:
    """Returns the ModelStreamInferResponse for a request that failed.

    Contains the request's id, so that the client knows which request failed.
    """
    return inference_pb2.ModelStreamInferResponse(
        error_message=message,
        infer_response=inference_pb2.ModelInferResponse(id=request_id),
    )


def _typed(
    spec: Tensor, contents: inference_pb2.InferTensorContents, numbers: int, within: str
) -> tuple[str, npt.NDArray[Any]]:
    """Returns the field of `contents`, which is the field `within`, that has the rows of `spec`,
    and the rows."""
    wanted = f"{spec.datatype.lower()}_contents"
    for other in ("int64_contents", "fp32_contents"):
        if other != wanted and getattr(contents, other):
            raise invalid_argument(
                f"{within}.{other}",
                f"is set: {spec.datatype} numbers belong in {wanted}",
            )
    field = f"{within}.{wanted}"
    values = np.array(getattr(contents, wanted), spec.dtype)
    check_count(len(values), numbers, field)
    return field, rows_of(spec, values, field)
