"""The description: what it says of itself, and what those of before are taken to say."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from curvegan.engine import Engine
from curvegan.errors import RepositoryError
from curvegan.repository.description import MODEL_NAMES, Tensor, default_inputs
from curvegan.repository.repository import Repository
from tests.support.models import describe_as_before, rewrite

LABELLED_INPUTS = {
    model: [asdict(tensor) for tensor in tensors] for model, tensors in default_inputs(5, 2).items()
}


def test_a_published_description_names_what_each_model_takes(repository: Repository):
    inputs = repository.load(1).description.inputs
    found = {model: [(t.name, t.datatype, t.shape) for t in inputs[model]] for model in inputs}
    assert found == {
        "generator": [("noise", "FP32", [-1, 5])],
        "sampler": [("seeds", "INT64", [-1])],
    }


@pytest.mark.parametrize("model", MODEL_NAMES)
def test_every_tensor_says_what_it_means(repository: Repository, model: str):
    spec = repository.load(1).description.specs[model]
    assert all(tensor.meaning for tensor in (*spec.inputs, spec.output))


@pytest.mark.parametrize(
    ("tensor", "dtype", "width"),
    [
        (Tensor("seeds", "INT64", [-1], ""), np.int64, 1),
        (Tensor("noise", "FP32", [-1, 5], ""), np.float32, 5),
    ],
)
def test_a_tensor_knows_its_type_and_its_width(tensor: Tensor, dtype: type, width: int):
    assert (tensor.dtype, tensor.width) == (dtype, width)


def test_a_version_of_before_is_described_by_what_all_models_took_then(models: Path):
    describe_as_before(models)
    description = Repository(models).load(1).description
    assert description.inputs == default_inputs(description.n_noise)
    assert (description.measures, description.family.parameters) == ([], [])


@pytest.mark.parametrize("inputs", [{"sampler": default_inputs(5)["sampler"]}, {"sampler": []}])
def test_a_manifest_whose_generator_takes_nothing_is_refused(models: Path, inputs: object):
    rewrite(models, lambda description: description.update(inputs=inputs))
    with pytest.raises(RepositoryError, match="names no inputs of the generator"):
        Repository(models).load(1)


def test_a_version_of_before_gives_the_same_bytes(models: Path, engine: Engine):
    describe_as_before(models)
    seeds = np.arange(-50, 50)
    before = Engine.of(Repository(models).load(1))
    assert before.curves_from_seeds(seeds).tobytes() == engine.curves_from_seeds(seeds).tobytes()
    noise = np.ones((3, 5), np.float32)
    assert before.curves_from_noise(noise).tobytes() == engine.curves_from_noise(noise).tobytes()


@pytest.mark.parametrize(
    "changes",
    [{"family": {"name": "days", "labels": ["a"]}}, {"inputs": LABELLED_INPUTS}],
)
def test_labels_without_an_input_and_the_reverse_are_refused(models: Path, changes: dict):
    rewrite(models, lambda description: description.update(changes))
    with pytest.raises(RepositoryError, match="names labels, but none that the generator takes"):
        Repository(models).load(1)
