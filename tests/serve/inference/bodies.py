"""Bodies of inference requests over HTTP, and the errors of invalid ones."""

import json
from collections.abc import Sequence

import grpc
import pytest

from curvegan.repository.description import ModelSpec
from serve.calls.status import RequestError
from serve.inference import rest


def body(data: object, *, name="seeds", datatype="INT64", shape=(2,), **fields) -> bytes:
    given = {"name": name, "datatype": datatype, "shape": shape, "data": data}
    return json.dumps({"inputs": [given]} | fields).encode()


def noise_body(data: object, shape=(2, 5), **fields) -> bytes:
    return body(data, name="noise", datatype="FP32", shape=shape, **fields)


def raw_body(raw: bytes, size: object, **fields) -> tuple[bytes, str]:
    """Returns a body with raw numbers after its JSON, and the header with the JSON's length."""
    given = {
        "name": "seeds",
        "datatype": "INT64",
        "shape": [2],
        "parameters": {"binary_data_size": size},
    }
    head = json.dumps({"inputs": [given | fields]}).encode()
    return head + raw, str(len(head))


def error_of(
    content: bytes, json_length: str | None, model: ModelSpec, labels: Sequence[str] = ()
) -> RequestError:
    with pytest.raises(RequestError) as caught:
        rest.parse_infer(content, json_length, model, labels)
    assert caught.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert len(str(caught.value)) < 300
    return caught.value
