"""Requests over HTTP as other languages write them: null, whole floats, strings, a BOM."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curvegan.repository.description import ModelSpec
from serve.inference import rest
from tests.serve.inference.bodies import body, error_of, raw_body


@pytest.mark.parametrize("level", ["request", "input", "output"])
def test_null_means_not_set(models, level):
    """At every level, as written by languages whose objects always have all fields."""
    request = {"inputs": [{"name": "seeds", "datatype": "INT64", "shape": [2], "data": [0, 1]}]}
    match level:
        case "request":
            request |= {"id": None, "parameters": None, "outputs": None}
        case "input":
            none = {"shared_memory_region": None, "binary_data_size": None}
            for parameters in (None, none):
                request["inputs"][0]["parameters"] = parameters
                read_as_given(request, models["sampler"])
        case "output":
            none = {"classification": None, "binary_data": None}
            request["outputs"] = [
                {"name": "curves", "parameters": None},
                {"name": "curves", "parameters": none},
            ]
    read_as_given(request, models["sampler"])
    raw = rest.parse_infer(
        json.dumps(request | {"parameters": {"binary_data_output": True, "x": None}}).encode(),
        None,
        models["sampler"],
        (),
    )
    assert raw.raw


def read_as_given(request: dict[str, Any], model: ModelSpec) -> None:
    read = rest.parse_infer(json.dumps(request).encode(), None, model, ())
    assert (read.source.values.tolist(), read.id, read.raw) == ([0, 1], "", False)


def test_null_data_is_allowed_with_raw_numbers(models):
    content, json_length = raw_body(np.arange(2).tobytes(), 16, data=None)
    request = rest.parse_infer(content, json_length, models["sampler"], ())
    assert request.source.values.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("place", "change"),
    [
        ("inputs`", {"inputs": None}),
        ("inputs[0]`", {"inputs": [None]}),
        ("outputs[0]`", {"outputs": [None]}),
        ("outputs[0].name`", {"outputs": [{"name": None}]}),
        *((f"inputs[0].{name}`", {name: None}) for name in ("name", "datatype", "shape")),
        ("inputs[0].shape[0]`", {"shape": [None]}),
    ],
)
def test_null_in_a_required_field_is_an_error_that_names_the_field(models, place, change):
    request = json.loads(body([0, 1]))
    (request if change.keys() <= {"inputs", "outputs"} else request["inputs"][0]).update(change)
    error = error_of(json.dumps(request).encode(), None, models["sampler"])
    assert f"`null` - at `$.{place}" in error.problem


SEEDS = st.integers(-(2**63), 2**63 - 1)
EXACT = st.integers(-(2**53) + 1, 2**53 - 1)


@given(st.lists(SEEDS | SEEDS.map(str) | EXACT.map(float), min_size=1, max_size=20))
def test_seeds_may_be_whole_floats_and_strings(models, seeds):
    request = rest.parse_infer(body(seeds, shape=[len(seeds)]), None, models["sampler"], ())
    assert request.source.values.tolist() == [int(seed) for seed in seeds]


@pytest.mark.parametrize(
    ("text", "seed"),
    [
        ("7.0", 7),
        ("1e3", 1000),
        ("-0.0", 0),
        ("9007199254740991.0", 2**53 - 1),
        ('"9007199254740993"', 2**53 + 1),
        ('"-5"', -5),
        ('"-9223372036854775808"', -(2**63)),
        ('"007"', 7),
    ],
)
def test_an_int64_seed_may_be_a_string(models, text, seed):
    content = body([0], shape=[2]).replace(b"[0]", f"[1, {text}]".encode())
    request = rest.parse_infer(content, None, models["sampler"], ())
    assert request.source.values.tolist() == [1, seed]


@pytest.mark.parametrize(
    "text",
    [
        *("true", "null", "7.5", '"7.5"', '"7.0"', '"1e3"', '"abc"', '""', '" 7"', '"+7"', "[7]"),
        *('"9223372036854775808"', "9223372036854775808", "-9223372036854775809.0", "1e19"),
        # Whole as a float64, but may have been rounded.
        *("9007199254740993.0", "1e18", "-9007199254740992.0"),
        # Digits of another script.
        *('"\\u0667"', '"' + "1" * 5000 + '"', "{}"),
    ],
)
def test_an_invalid_seed_is_named_by_its_index(models, text):
    content = body([0], shape=[5]).replace(b"[0]", f'[1, 2.0, "3", {text}, 4]'.encode())
    error = error_of(content, None, models["sampler"])
    assert error.field == "inputs[0].data[3]"
    assert "give a whole number from -2^63 to 2^63 - 1" in error.problem


@pytest.mark.parametrize("data", [[0, 1], [0.0, "1"]])
def test_a_byte_order_mark_is_ignored(models, data):
    content = b"\xef\xbb\xbf" + body(data)
    for json_length in (None, str(len(content))):
        request = rest.parse_infer(content, json_length, models["sampler"], ())
        assert request.source.values.tolist() == [0, 1]
    rest.check_index_request(b'\xef\xbb\xbf{"ready": true}')
