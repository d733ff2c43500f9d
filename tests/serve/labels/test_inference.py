"""A labelled model by the Open Inference Protocol: both inputs, in protobuf and in JSON."""

import json
from collections.abc import Callable

import grpc
import numpy as np
import pytest

from curvegan.repository.description import ModelSpec, default_inputs, model_specs
from serve.calls.status import RequestError
from serve.compute.sources import Source
from serve.inference import describe, rest, tensors
from serve.inference.inference_pb2 import InferTensorContents, ModelInferRequest

LABELS = ["cold day", "夏"]
SPECS = model_specs(default_inputs(2, len(LABELS)), 24)
SAMPLER, GENERATOR = SPECS["sampler"], SPECS["generator"]
SEEDS = np.array([7, -1, 2**63 - 1])
CLASSES = np.array([1, 0, 1])
NOISE = np.array([[0.5, -1], [2, 3], [4, 5]], np.float32)

Input = ModelInferRequest.InferInputTensor
TYPES = {"int64": ("INT64", "int64_contents"), "float32": ("FP32", "fp32_contents")}


def raw_message(given: dict[str, np.ndarray]) -> Source:
    inputs = [
        Input(name=name, datatype=TYPES[values.dtype.name][0], shape=values.shape)
        for name, values in given.items()
    ]
    raw = [values.tobytes() for values in given.values()]
    return parse(ModelInferRequest(inputs=inputs, raw_input_contents=raw), model_of(given))


def typed_message(given: dict[str, np.ndarray]) -> Source:
    inputs = []
    for name, values in given.items():
        datatype, field = TYPES[values.dtype.name]
        contents = InferTensorContents(**{field: values.ravel()})
        inputs.append(Input(name=name, datatype=datatype, shape=values.shape, contents=contents))
    return parse(ModelInferRequest(inputs=inputs), model_of(given))


def parse(request: ModelInferRequest, model: ModelSpec) -> Source:
    request = ModelInferRequest.FromString(request.SerializeToString())
    return tensors.parse_request(request, model, LABELS)


def json_body(given: dict[str, np.ndarray]) -> Source:
    inputs = [described(name, values) | {"data": values.tolist()} for name, values in given.items()]
    body = json.dumps({"inputs": inputs}).encode()
    return rest.parse_infer(body, None, model_of(given), LABELS).source


def binary_body(given: dict[str, np.ndarray]) -> Source:
    inputs = [
        described(name, values) | {"parameters": {"binary_data_size": values.nbytes}}
        for name, values in given.items()
    ]
    head = json.dumps({"inputs": inputs}).encode()
    body = head + b"".join(values.tobytes() for values in given.values())
    return rest.parse_infer(body, str(len(head)), model_of(given), LABELS).source


def mixed_body(given: dict[str, np.ndarray]) -> Source:
    """The labels in JSON, the others as raw numbers."""
    inputs, raw = [], b""
    for name, values in given.items():
        if name == "labels":
            inputs.append(described(name, values) | {"data": values.tolist()})
        else:
            raw += values.tobytes()
            parameters = {"binary_data_size": values.nbytes}
            inputs.append(described(name, values) | {"parameters": parameters})
    head = json.dumps({"inputs": inputs}).encode()
    return rest.parse_infer(head + raw, str(len(head)), model_of(given), LABELS).source


def described(name: str, values: np.ndarray) -> dict[str, object]:
    return {"name": name, "datatype": TYPES[values.dtype.name][0], "shape": values.shape}


def model_of(given: dict[str, np.ndarray]) -> ModelSpec:
    return GENERATOR if "noise" in given else SAMPLER


FORMS = [raw_message, typed_message, json_body, binary_body, mixed_body]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "given",
    [
        {"seeds": SEEDS, "labels": CLASSES},
        {"labels": CLASSES, "seeds": SEEDS},
        {"noise": NOISE, "labels": CLASSES},
        {"labels": CLASSES, "noise": NOISE},
    ],
)
def test_inputs_in_any_order_and_form_are_the_same_source(form: Callable, given):
    source = form(given)
    rows = given.get("seeds", given.get("noise"))
    assert source.model == model_of(given).name
    assert source.values.tobytes() == rows.tobytes()
    assert source.labels.tolist() == CLASSES.tolist()


PLACES = {
    raw_message: "raw_input_contents[1]",
    typed_message: "inputs[1].contents.int64_contents",
    json_body: "inputs[1].data",
    binary_body: "inputs[1].binary_data",
}


@pytest.mark.parametrize("form", PLACES)
@pytest.mark.parametrize(
    ("labels", "problem"),
    [
        ([1, 0, 2], "is 2 in row 2: this model's classes are 0 'cold day', 1 '夏'"),
        ([-1, 0, 1], "is -1 in row 0: this model's classes are"),
        ([1], "has 1 rows: give the class of each of the 3 curves"),
    ],
)
def test_wrong_labels_name_their_field_and_the_known_classes(form, labels, problem):
    error = error_of(lambda: form({"seeds": SEEDS, "labels": np.array(labels)}))
    assert error.field == PLACES[form]
    assert problem in error.problem


@pytest.mark.parametrize("form", [raw_message, json_body])
@pytest.mark.parametrize(
    ("given", "field", "problem"),
    [
        ({"seeds": SEEDS}, "inputs", "has 1 tensors: this model takes 2 (seeds, labels)"),
        (
            {"seeds": SEEDS, "classes": CLASSES},
            "inputs[1].name",
            "is 'classes': this model takes seeds and labels",
        ),
        ({"seeds": SEEDS, "labels": NOISE[:, 0]}, "inputs[1].datatype", "labels are INT64"),
        ({"seeds": SEEDS, "labels": SEEDS[:, None]}, "inputs[1].shape", "takes [rows]"),
    ],
)
def test_other_inputs_name_what_the_model_takes(form, given, field, problem):
    error = error_of(lambda: form(given))
    assert (error.field, problem in error.problem) == (field, True), error


def test_an_input_given_twice_is_named():
    request = ModelInferRequest(inputs=[Input(name="seeds")] * 2)
    error = error_of(lambda: parse(request, SAMPLER))
    assert error.field == "inputs[1].name"
    assert "is 'seeds' once more" in error.problem


@pytest.mark.parametrize(
    ("sizes", "place"),
    [
        ([24, 16], "inputs[1].parameters.binary_data_size"),
        ([48, 0], "inputs[0].binary_data"),
        ([56, 24], "inputs[0].parameters.binary_data_size"),
        ([None, 24], "inputs[1].parameters.binary_data_size"),
        ([None, None], "inputs[0].parameters"),
    ],
)
def test_sizes_of_raw_numbers_that_do_not_add_up_are_named(sizes, place):
    given = {"seeds": SEEDS, "labels": CLASSES}
    inputs = [
        described(name, values) | {"parameters": {"binary_data_size": size}}
        for (name, values), size in zip(given.items(), sizes, strict=True)
    ]
    head = json.dumps({"inputs": inputs}).encode()
    body = head + SEEDS.tobytes() + CLASSES.tobytes()
    error = error_of(lambda: rest.parse_infer(body, str(len(head)), SAMPLER, LABELS))
    assert error.field == place


def test_metadata_and_configuration_name_both_inputs():
    metadata = describe.model_metadata(GENERATOR, [1])
    assert [(each.name, each.datatype, list(each.shape)) for each in metadata.inputs] == [
        ("noise", "FP32", [-1, 2]),
        ("labels", "INT64", [-1]),
    ]
    config = describe.model_config(SAMPLER)
    assert [(each.name, list(each.dims)) for each in config.input] == [
        ("seeds", [-1]),
        ("labels", [-1]),
    ]


def error_of(call: Callable[[], object]) -> RequestError:
    with pytest.raises(RequestError) as caught:
        call()
    assert caught.value.code is grpc.StatusCode.INVALID_ARGUMENT
    return caught.value
