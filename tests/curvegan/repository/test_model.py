"""`Model`: the same fields in Python and on the wire, and none lost between them."""

from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np
import pytest

from curvegan import Model
from curvegan.repository.description import Measure, Parameter, Tensor
from curvegan.repository.repository import Repository
from curvegan.v1 import curves_pb2


@pytest.fixture(scope="module")
def model(repository: Repository) -> Model:
    model = Model.of(repository.load(1), max_rows=60_000)
    said = {"verdict": "close", "units": "kWh", "point_names": ["dawn"], "labels": ["weekday"]}
    return replace(model, **said)


def there_and_back(model: Model) -> Model:
    sent = curves_pb2.GetModelResponse(**asdict(model)).SerializeToString()
    return Model.from_message(curves_pb2.GetModelResponse.FromString(sent))


def plain(model: Model) -> dict[str, Any]:
    """Returns all that a model says, with lists in place of arrays, which can be compared."""
    said = asdict(model)
    return {key: it.tolist() if isinstance(it, np.ndarray) else it for key, it in said.items()}


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Model, curves_pb2.GetModelResponse),
        (Measure, curves_pb2.Measure),
        (Parameter, curves_pb2.Parameter),
        (Tensor, curves_pb2.Tensor),
    ],
)
def test_python_and_the_contract_have_the_same_fields(kind: type, message: Any):
    assert [field.name for field in fields(kind)] == [
        field.name for field in message.DESCRIPTOR.fields
    ]


def test_nothing_is_lost_on_the_wire(model: Model):
    assert all(plain(model).values()), "a field that is empty proves nothing"
    assert plain(there_and_back(model)) == plain(model)


def test_a_family_without_bounds_has_none_after_the_wire(model: Model):
    boundless = replace(model, lower_bound=None, upper_bound=None)
    assert there_and_back(boundless).bounds is None


@pytest.mark.parametrize("seed", [None, 0, 7])
def test_a_training_seed_that_is_not_known_is_not_0(model: Model, seed: int | None):
    assert there_and_back(replace(model, training_seed=seed)).training_seed == seed


@pytest.mark.parametrize("floor", [None, 0.0, 0.5])
def test_a_floor_that_is_not_known_is_not_0(model: Model, floor: float | None):
    measure = Measure("m", "M", "higher", floor)
    assert there_and_back(replace(model, measures=[measure])).measures == [measure]


def test_of_what_a_server_of_before_does_not_tell_nothing_is_known():
    model = Model.from_message(curves_pb2.GetModelResponse(version=3, x_grid=[0, 1]))
    assert (model.version, model.x_grid.tolist(), model.bounds) == (3, [0, 1], None)
    assert (model.seed_rule, model.sampler_inputs, model.measures) == ("", [], [])


def test_a_measure_without_a_label_goes_by_its_name(model: Model):
    assert model.label("w1_a") == "W1(a)"
    assert model.label("energy") == "energy"
