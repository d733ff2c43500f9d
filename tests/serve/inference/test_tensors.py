"""Inference requests become sources or errors that name the field; curves become responses."""

import grpc
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from serve.calls.status import RequestError
from serve.inference import tensors
from serve.inference.inference_pb2 import (
    InferParameter,
    InferTensorContents,
    ModelInferRequest,
)
from serve.inference.models import model_spec, parse_version

seed_arrays = arrays(np.int64, st.integers(1, 50))
noise_arrays = arrays(
    np.float32,
    st.tuples(st.integers(1, 20), st.just(5)),
    elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
)


def raw_request(values: np.ndarray, **changes) -> ModelInferRequest:
    """Returns a request with int64 seeds or float32 noise as raw numbers."""
    return ModelInferRequest(
        inputs=[tensor(values, **changes)],
        raw_input_contents=[values.tobytes()],
    )


def typed_request(values: np.ndarray, **changes) -> ModelInferRequest:
    """Returns the same request with the numbers in the field for their type."""
    field = "int64_contents" if values.dtype == np.int64 else "fp32_contents"
    contents = InferTensorContents(**{field: values.ravel()})
    return ModelInferRequest(inputs=[tensor(values, contents=contents, **changes)])


def tensor(values: np.ndarray, **changes) -> ModelInferRequest.InferInputTensor:
    name, datatype = ("seeds", "INT64") if values.dtype == np.int64 else ("noise", "FP32")
    fields = {"name": name, "datatype": datatype, "shape": values.shape} | changes
    return ModelInferRequest.InferInputTensor(**fields)


@given(seed_arrays)
def test_raw_and_typed_seeds_are_the_same_source(models, seeds):
    for request in (raw_request(seeds), typed_request(seeds)):
        source = tensors.parse_request(
            ModelInferRequest.FromString(request.SerializeToString()), models["sampler"], ()
        )
        assert source.model == "sampler"
        assert source.values.dtype == np.int64
        assert source.values.tolist() == seeds.tolist()


@given(noise_arrays)
def test_raw_and_typed_noise_are_the_same_source(models, noise):
    for request in (raw_request(noise), typed_request(noise)):
        source = tensors.parse_request(
            ModelInferRequest.FromString(request.SerializeToString()), models["generator"], ()
        )
        assert source.model == "generator"
        assert source.values.dtype == np.float32
        assert source.values.shape == noise.shape
        assert source.values.tobytes() == noise.tobytes()


SEEDS = np.arange(4)
NOISE = np.zeros((2, 5), np.float32)
NAN = np.array([[0, 0, 0, 0, 0], [0, np.nan, 0, 0, 0]], np.float32)
SHARED_MEMORY = {"shared_memory_region": InferParameter(string_param="region")}
CLASSES = {"classification": InferParameter(int64_param=3)}
Output = ModelInferRequest.InferRequestedOutputTensor


def with_raw(*contents: bytes, **fields) -> ModelInferRequest:
    return ModelInferRequest(inputs=[tensor(SEEDS)], raw_input_contents=contents, **fields)


def with_outputs(*outputs: Output) -> ModelInferRequest:
    return with_raw(SEEDS.tobytes(), outputs=outputs)


WRONG_SEEDS = {
    "no input": (ModelInferRequest(), "inputs", "has 0 tensors"),
    "two inputs": (ModelInferRequest(inputs=[tensor(SEEDS)] * 2), "inputs", "has 2 tensors"),
    "another name": (raw_request(SEEDS, name="x"), "inputs[0].name", "takes seeds"),
    "noise": (raw_request(NOISE), "inputs[0].name", "is 'noise': this model takes seeds"),
    "a long name": (raw_request(SEEDS, name="x" * 10**6), "inputs[0].name", "xxx…'"),
    "another type": (raw_request(SEEDS, datatype="INT32"), "inputs[0].datatype", "are INT64"),
    "a matrix": (raw_request(SEEDS, shape=[2, 2]), "inputs[0].shape", "takes [rows]"),
    "a scalar": (raw_request(SEEDS, shape=[]), "inputs[0].shape", "is '[]'"),
    "no rows": (raw_request(SEEDS, shape=[0]), "inputs[0].shape", "at least one row"),
    "rows below 0": (raw_request(SEEDS, shape=[-1]), "inputs[0].shape", "at least one row"),
    "no content": (with_raw(), "inputs[0].contents.int64_contents", "has 0 numbers"),
    "raw bytes short of the shape": (with_raw(bytes(31)), "raw_input_contents[0]", "4 numbers"),
    "raw bytes beyond the shape": (with_raw(bytes(40)), "raw_input_contents[0]", "has 40 bytes"),
    "numbers short of the shape": (
        typed_request(SEEDS, shape=[5]),
        "inputs[0].contents.int64_contents",
        "has 4 numbers: the shape says 5",
    ),
    "the largest shape": (
        raw_request(SEEDS, shape=[2**63 - 1]),
        "raw_input_contents[0]",
        f"{2**63 - 1} numbers",
    ),
    "raw twice": (with_raw(bytes(32), bytes(32)), "raw_input_contents", "has 2 elements"),
    "raw and typed": (
        ModelInferRequest(inputs=typed_request(SEEDS).inputs, raw_input_contents=[bytes(32)]),
        "raw_input_contents",
        "and inputs[0].contents are both set",
    ),
    "contents of another type": (
        ModelInferRequest(
            inputs=[tensor(SEEDS, contents=InferTensorContents(fp32_contents=[0] * 4))]
        ),
        "inputs[0].contents.fp32_contents",
        "INT64 numbers belong in int64_contents",
    ),
    "shared memory": (
        raw_request(SEEDS, parameters=SHARED_MEMORY),
        "inputs[0].parameters",
        "has shared_memory_region",
    ),
    "another output": (
        with_outputs(Output(name="curves"), Output(name="paintings")),
        "outputs[1].name",
        "returns curves",
    ),
    "an output in shared memory": (
        with_outputs(Output(name="curves", parameters=SHARED_MEMORY)),
        "outputs[0].parameters",
        "has shared_memory_region",
    ),
    "classes": (
        with_outputs(Output(name="curves", parameters=CLASSES)),
        "outputs[0].parameters",
        "has classification",
    ),
}
WRONG_NOISE = {
    "seeds": (raw_request(SEEDS), "inputs[0].name", "is 'seeds': this model takes noise"),
    "another width": (raw_request(NOISE, shape=[2, 6]), "inputs[0].shape", "takes [rows, 5]"),
    "flat": (raw_request(NOISE, shape=[10]), "inputs[0].shape", "takes [rows, 5]"),
    "no rows": (raw_request(NOISE, shape=[0, 5]), "inputs[0].shape", "at least one row"),
    "part of a row": (
        ModelInferRequest(inputs=[tensor(NOISE)], raw_input_contents=[bytes(36)]),
        "raw_input_contents[0]",
        "has 36 bytes: the shape says 10 numbers, 40 bytes",
    ),
    "a shape whose size is past int64": (
        raw_request(NOISE, shape=[2**62, 5]),
        "raw_input_contents[0]",
        f"says {5 * 2**62} numbers",
    ),
    "raw NaN": (raw_request(NAN), "raw_input_contents[0]", "is nan in row 1, column 1"),
    "typed NaN": (
        typed_request(NAN),
        "inputs[0].contents.fp32_contents",
        "is nan in row 1, column 1",
    ),
}


WRONG_REQUESTS = [
    pytest.param(model, *wrong, id=f"{model}: {name}")
    for model, requests in (("sampler", WRONG_SEEDS), ("generator", WRONG_NOISE))
    for name, wrong in requests.items()
]


@pytest.mark.parametrize(("model", "request_", "field", "problem"), WRONG_REQUESTS)
def test_an_invalid_request_is_an_invalid_argument_that_names_the_field(
    models, model, request_, field, problem
):
    with pytest.raises(RequestError) as caught:
        tensors.parse_request(request_, models[model], ())
    error = caught.value
    assert error.code is grpc.StatusCode.INVALID_ARGUMENT
    assert error.field == field
    assert problem in error.problem
    assert len(str(error)) < 300


def test_an_unknown_model_is_not_found(engine):
    with pytest.raises(RequestError, match="model_name 'painter' is not served") as caught:
        model_spec("painter", engine, "model_name")
    assert caught.value.code is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(("text", "number"), [("", 0), ("1", 1), ("9" * 18, 10**18 - 1)])
def test_a_version_is_a_decimal_number(text, number):
    assert parse_version(text, "version") == number


@pytest.mark.parametrize("text", ["0", "-1", "+1", "1.0", "newest", " 1", "1\n", "²", "9" * 19])
def test_any_other_version_is_an_invalid_argument(text):
    with pytest.raises(RequestError) as caught:
        parse_version(text, "model_version")
    assert caught.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.field == "model_version"


@given(arrays(np.float32, st.tuples(st.integers(1, 20), st.just(15))))
def test_a_response_contains_the_bytes_of_the_curves(models, curves):
    answer = tensors.answer("first", models["sampler"], 3, curves)
    assert (answer.model_name, answer.model_version, answer.id) == ("sampler", "3", "first")
    [output] = answer.outputs
    assert (output.name, output.datatype) == ("curves", "FP32")
    assert tuple(output.shape) == curves.shape
    assert answer.raw_output_contents == [curves.tobytes()]


def test_an_error_in_a_stream_has_the_id_of_its_request():
    answer = tensors.stream_error("second", "is wrong")
    assert (answer.error_message, answer.infer_response.id) == ("is wrong", "second")
