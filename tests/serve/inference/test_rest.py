"""The protocol's JSON: requests to sources or errors that name the field, curves to responses."""

import json

import grpc
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from serve.calls.metrics import ModelTotals
from serve.calls.status import RequestError
from serve.compute.sources import Source
from serve.inference import describe, rest
from serve.inference.inference_pb2 import ModelReadyResponse
from serve.inference.statistics import model_statistics
from serve.web.inference_routes import error_response
from tests.serve.inference.bodies import body, error_of, noise_body, raw_body

float32s = arrays(
    np.float32,
    st.tuples(st.integers(1, 20), st.just(5)),
    elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
)


@given(arrays(np.int64, st.integers(1, 50)))
def test_seeds_are_read_exactly(models, seeds):
    request = rest.parse_infer(body(seeds.tolist(), shape=seeds.shape), None, models["sampler"], ())
    assert request.source.values.tolist() == seeds.tolist()


@given(float32s)
def test_flat_and_nested_noise_are_the_same_source(models, noise):
    for data in (noise.ravel().tolist(), noise.tolist()):
        request = rest.parse_infer(noise_body(data, noise.shape), None, models["generator"], ())
        assert request.source.model == "generator"
        assert request.source.values.tobytes() == noise.tobytes()


@given(arrays(np.int64, st.integers(1, 50)), st.text(max_size=9))
def test_raw_seeds_are_read_at_any_offset(models, seeds, request_id):
    given = {
        "name": "seeds",
        "datatype": "INT64",
        "shape": seeds.shape,
        "parameters": {"binary_data_size": seeds.nbytes},
    }
    head = json.dumps({"inputs": [given], "id": request_id}).encode()
    request = rest.parse_infer(head + seeds.tobytes(), str(len(head)), models["sampler"], ())
    assert request.id == request_id
    assert request.source.values.flags.aligned
    assert request.source.values.tolist() == seeds.tolist()


@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 20), st.just(15)),
        elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
    )
)
def test_json_numbers_read_back_as_the_same_float32(models, curves):
    request = rest.parse_infer(body([0, 1], id="r"), None, models["sampler"], ())
    answer = rest.infer_answer(request, models["sampler"], 3, curves)
    assert answer.json_length is None
    read = json.loads(b"".join(answer.pieces))
    [output] = read.pop("outputs")
    assert read == {"model_name": "sampler", "model_version": "3", "id": "r"}
    data = np.array(output.pop("data"), np.float32).reshape(curves.shape)
    assert data.tobytes() == curves.tobytes()
    assert output == {"name": "curves", "datatype": "FP32", "shape": list(curves.shape)}


def test_a_float32_whose_shortest_decimal_is_ambiguous_reads_back(models):
    curves = np.full((1, 15), 7.038531e-26, np.float32)
    request = rest.parse_infer(body([0, 1]), None, models["sampler"], ())
    read = json.loads(b"".join(rest.infer_answer(request, models["sampler"], 1, curves).pieces))
    data = np.array(read["outputs"][0]["data"], np.float64).astype(np.float32)
    assert data.tobytes() == curves.tobytes()


@pytest.mark.parametrize(
    ("fields", "raw"),
    [
        ({}, False),
        ({"parameters": {"binary_data_output": True}}, True),
        ({"outputs": [{"name": "curves", "parameters": {"binary_data": True}}]}, True),
        (
            {
                "parameters": {"binary_data_output": True},
                "outputs": [{"name": "curves", "parameters": {"binary_data": False}}],
            },
            False,
        ),
        ({"parameters": {"binary_data_output": True}, "outputs": [{"name": "curves"}]}, True),
    ],
)
def test_numbers_are_raw_when_requested(models, fields, raw):
    request = rest.parse_infer(body([0, 1], **fields), None, models["sampler"], ())
    assert request.raw is raw


def test_raw_numbers_follow_the_json(models):
    curves = np.arange(30, dtype=np.float32).reshape(2, 15)
    asked = body([0, 1], parameters={"binary_data_output": True})
    request = rest.parse_infer(asked, None, models["sampler"], ())
    answer = rest.infer_answer(request, models["sampler"], 1, curves)
    content = b"".join(answer.pieces)
    [output] = json.loads(content[: answer.json_length])["outputs"]
    assert output["parameters"] == {"binary_data_size": curves.nbytes}
    assert content[answer.json_length :] == curves.tobytes()


@pytest.mark.parametrize("rows", [1, 1024, 1025, 3000])
@pytest.mark.parametrize("raw", [False, True])
def test_a_large_response_is_made_of_small_pieces(models, rows, raw):
    curves = np.random.default_rng(0).standard_normal((rows, 15), np.float32)
    request = rest.parse_infer(
        body([0, 1], parameters={"binary_data_output": raw}), None, models["sampler"], ()
    )
    answer = rest.infer_answer(request, models["sampler"], 1, curves)
    pieces = list(answer.pieces)
    assert max(map(len, pieces)) < 400_000
    content = b"".join(pieces)
    if raw:
        assert content[answer.json_length :] == curves.tobytes()
    else:
        [output] = json.loads(content)["outputs"]
        assert np.array(output["data"], np.float32).tobytes() == curves.tobytes()


SHARED_MEMORY = {"shared_memory_region": "region"}
WRONG_SEEDS = {
    "nothing": (b"", "request", "does not parse"),
    "invalid JSON": (b"{", "request", "does not parse"),
    "invalid UTF-8": (b'{"inputs": [], "id": "\xff"}', "request", "does not parse"),
    "deep JSON": (b'{"parameters": ' + b"[" * 10**5, "request", "does not parse"),
    "a list": (b"[]", "request", "does not parse"),
    "no inputs": (b"{}", "request", "inputs"),
    "no input": (b'{"inputs": []}', "inputs", "has 0 tensors"),
    "a fraction as size": (body([0, 1], shape=[2.5]), "request", "shape"),
    "another name": (body([0, 1], name="x"), "inputs[0].name", "takes seeds"),
    "another type": (body([0, 1], datatype="FP32"), "inputs[0].datatype", "are INT64"),
    "a shape past int64": (body([0, 1], shape=[2**70]), "request", "shape"),
    "no rows": (body([], shape=[0]), "inputs[0].shape", "at least one row"),
    "fewer numbers": (body([0]), "inputs[0].data", "has 1 numbers: the shape says 2"),
    "nested seeds": (body([[0], [1]]), "inputs[0].data[0]", "is [0]: give a whole number"),
    "a text": (body("01"), "inputs[0].data", "does not parse"),
    "null": (body(None), "inputs[0].data", "is not set"),
    "NaN": (body([0, float("nan")]), "request", "does not parse"),
    "past float64": (body([0, 0]).replace(b" 0]", b" 1e999]"), "inputs[0].data", "at `$[1]`"),
    "no data": (
        b'{"inputs": [{"name": "seeds", "datatype": "INT64", "shape": [1]}]}',
        "inputs[0].data",
        "is not set",
    ),
    "another output": (
        body([0, 1], outputs=[{"name": "x"}]),
        "outputs[0].name",
        "returns curves",
    ),
    "an output in shared memory": (
        body([0, 1], outputs=[{"name": "curves", "parameters": SHARED_MEMORY}]),
        "outputs[0].parameters",
        "shared_memory_region",
    ),
}
WRONG_NOISE = {
    "rows of another width": (
        noise_body([[0] * 4, [0] * 6]),
        "inputs[0].data",
        "rows whose length is not 5",
    ),
    "a deeper nest": (noise_body([[[0] * 5] * 2]), "inputs[0].data", "does not parse"),
    "NaN": (noise_body([float("nan")] * 10), "request", "does not parse"),
    "past float64": (
        noise_body([0]).replace(b"[0]", b"[1e999]"),
        "inputs[0].data",
        "does not parse",
    ),
    "past float32": (
        noise_body([0.0] * 9 + [1e300]),
        "inputs[0].data",
        "is inf in row 1",
    ),
    "too large": (noise_body([2e39] * 10), "inputs[0].data", "give finite numbers"),
}


WRONG_BODIES = [
    pytest.param(model, *wrong, id=f"{model}: {name}")
    for model, bodies in (("sampler", WRONG_SEEDS), ("generator", WRONG_NOISE))
    for name, wrong in bodies.items()
]


@pytest.mark.parametrize(("model", "content", "field", "problem"), WRONG_BODIES)
def test_an_invalid_body_is_an_invalid_argument_that_names_the_field(
    models, model, content, field, problem
):
    error = error_of(content, None, models[model])
    assert error.field == field
    assert problem in error.problem


WRONG_RAW = {
    "no raw numbers": (raw_body(b"", 16), "inputs[0].parameters.binary_data_size"),
    "another size": (raw_body(bytes(16), 8), "inputs[0].parameters.binary_data_size"),
    "a size that is not a number": (
        raw_body(bytes(16), "16"),
        "inputs[0].parameters.binary_data_size",
    ),
    "another size than the shape's": (raw_body(bytes(8), 8), "inputs[0].binary_data"),
    "no size": (raw_body(bytes(16), None), "inputs[0].parameters"),
    "data too": (raw_body(bytes(16), 16, data=[1, 2]), "inputs[0].data"),
    "a header that is not a number": ((b"{}", "two"), rest.JSON_LENGTH_HEADER),
    "a header below 0": ((b"{}", "-1"), rest.JSON_LENGTH_HEADER),
    "a header of thousands of digits": ((b"{}", "1" * 5000), rest.JSON_LENGTH_HEADER),
    "a header beyond the body": ((b"{}", "3"), rest.JSON_LENGTH_HEADER),
}


@pytest.mark.parametrize("wrong", WRONG_RAW)
def test_invalid_raw_numbers_are_an_invalid_argument_that_names_the_field(models, wrong):
    (content, json_length), field = WRONG_RAW[wrong]
    assert error_of(content, json_length, models["sampler"]).field == field


def test_a_size_without_the_header_is_an_invalid_argument(models):
    content, _ = raw_body(b"", 16)
    error = error_of(content, None, models["sampler"])
    assert error.field == "inputs[0].parameters.binary_data_size"


def test_a_document_has_every_field_of_its_message(models):
    config = json.loads(rest.document(describe.model_config(models["generator"])))
    assert config["max_batch_size"] == 0
    assert config["input"] == [{"name": "noise", "data_type": "TYPE_FP32", "dims": [-1, 5]}]
    assert json.loads(rest.document(ModelReadyResponse(ready=False))) == {"ready": False}


def test_a_document_writes_64_bit_numbers_as_numbers():
    totals = {("sampler", 1): ModelTotals(rows=2**63)}
    statistics = model_statistics(["sampler"], [1], totals)
    [read] = json.loads(rest.document(statistics))["model_stats"]
    assert read["inference_count"] == 2**63
    assert read["inference_stats"]["fail"] == {"count": 0, "ns": 0}


@pytest.mark.parametrize("number", [np.inf, np.nan])
def test_curves_that_are_not_finite_are_sent_only_as_raw_numbers(models, number):
    curves = np.full((1, 15), number, np.float32)
    as_json, as_raw = (
        rest.parse_infer(noise_body([0] * 5, [1, 5], parameters={}), None, models["generator"], ()),
        rest.InferRequest(Source("generator", np.zeros((1, 5), np.float32)), "", raw=True),
    )
    with pytest.raises(
        RequestError, match="not finite, which JSON can't represent: request binary_data"
    ):
        rest.infer_answer(as_json, models["generator"], 1, curves)
    answer = rest.infer_answer(as_raw, models["generator"], 1, curves)
    assert b"".join(answer.pieces).endswith(curves.tobytes())


def test_the_index_is_a_plain_list():
    read = json.loads(rest.index_document(describe.repository_index([2, 1])))
    assert [(model["name"], model["version"], model["state"]) for model in read] == [
        (name, version, "READY") for name in ("generator", "sampler") for version in "12"
    ]


@pytest.mark.parametrize("content", [b"", b"{}", b"null", b'{"ready": true}', b'{"ready": null}'])
def test_a_request_for_the_index_may_be_empty(content):
    rest.check_index_request(content)


@pytest.mark.parametrize("content", [b"[]", b"{", b'{"ready": 1}'])
def test_any_other_request_for_the_index_is_an_invalid_argument(content):
    with pytest.raises(RequestError, match="request does not parse"):
        rest.check_index_request(content)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, 400),
        (grpc.StatusCode.NOT_FOUND, 404),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 429),
        (grpc.StatusCode.UNAVAILABLE, 503),
        (grpc.StatusCode.INTERNAL, 500),
        (grpc.StatusCode.UNKNOWN, 500),
    ],
)
def test_an_error_has_an_http_status_and_a_reason(code, status):
    answer = error_response(RequestError(code, "inputs", "has 0 tensors", retry_after=1.0))
    assert answer.status_code == status
    assert msgspec.json.decode(answer.body) == {"error": "inputs has 0 tensors"}
