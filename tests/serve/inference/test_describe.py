"""The metadata of the server and its models match the repository."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import grpc
import pytest
from google.protobuf.json_format import MessageToDict

from curvegan.engine import Engine
from curvegan.repository.description import MODEL_NAMES
from curvegan.repository.repository import Repository
from serve.calls.metrics import ModelTotals
from serve.calls.status import RequestError
from serve.inference import describe, lookup
from serve.inference.models import model_spec


@dataclass(frozen=True)
class Loaded:
    number: int
    engine: Engine


@dataclass(frozen=True)
class Versions:
    """Versions 1 and 3 of one engine."""

    engine: Engine

    def get(self, number: int) -> Loaded:
        if number not in (0, 1, 3):
            raise RequestError(grpc.StatusCode.NOT_FOUND, "version", f"{number} is not served")
        return Loaded(number or 3, self.engine)

    def numbers(self) -> list[int]:
        return [3, 1]


@pytest.fixture(scope="module")
def versions(engine: Engine) -> Versions:
    return Versions(engine)


def test_the_server_says_its_name_and_version():
    server = describe.server_metadata()
    assert (server.name, server.version) == ("curvegan", version("curvegan"))


@pytest.mark.parametrize("model", MODEL_NAMES)
def test_a_models_metadata_is_its_description(versions, repository: Repository, model: str):
    spec = repository.load(1).description.specs[model]
    metadata = lookup.metadata(versions, model, "1")
    for told, described in ((metadata.inputs, spec.inputs), (metadata.outputs, [spec.output])):
        assert [(tensor.name, tensor.datatype, list(tensor.shape)) for tensor in told] == [
            (tensor.name, tensor.datatype, tensor.shape) for tensor in described
        ]


@pytest.mark.parametrize("model", MODEL_NAMES)
def test_a_models_configuration_is_its_config_pbtxt(published: Path, engine: Engine, model: str):
    config = describe.model_config(model_spec(model, engine, "name"))
    assert config.platform == "onnxruntime_onnx"
    written = (published / model / "config.pbtxt").read_text()
    found = MessageToDict(config, preserving_proto_field_name=True)
    for tensor in (*found["input"], *found["output"]):
        dims = ", ".join(tensor["dims"])
        for line in (
            f'name: "{tensor["name"]}"',
            f"data_type: {tensor['data_type']}",
            f"dims: [{dims}]",
        ):
            assert line in written
    for line in (
        f'name: "{config.name}"',
        f'backend: "{config.backend}"',
        f'default_model_filename: "{config.default_model_filename}"',
        f"max_batch_size: {config.max_batch_size}",
    ):
        assert line in written


def test_a_model_is_described_with_all_loaded_versions(versions):
    generator = lookup.metadata(versions, "generator", "")
    assert (generator.name, list(generator.versions)) == ("generator", ["1", "3"])
    [noise], [curves] = generator.inputs, generator.outputs
    assert (noise.name, noise.datatype, list(noise.shape)) == ("noise", "FP32", [-1, 5])
    assert (curves.name, curves.datatype, list(curves.shape)) == ("curves", "FP32", [-1, 15])


def test_a_version_is_described_alone(versions):
    assert list(lookup.metadata(versions, "sampler", "1").versions) == ["1"]


def test_the_default_version_is_the_newest(versions):
    assert lookup.find(versions, "sampler", "")[0].number == 3


@pytest.mark.parametrize(
    ("name", "number", "code", "field"),
    [
        ("painter", "", grpc.StatusCode.NOT_FOUND, "model_name"),
        ("", "", grpc.StatusCode.NOT_FOUND, "model_name"),
        ("sampler", "2", grpc.StatusCode.NOT_FOUND, "model_version"),
        ("sampler", "newest", grpc.StatusCode.INVALID_ARGUMENT, "model_version"),
    ],
)
def test_an_error_names_the_field_that_the_request_has(versions, name, number, code, field):
    with pytest.raises(RequestError) as caught:
        lookup.find(versions, name, number, prefix="model_")
    assert (caught.value.code, caught.value.field) == (code, field)


@pytest.mark.parametrize(
    ("name", "number", "ready"),
    [
        ("sampler", "", True),
        ("generator", "1", True),
        ("painter", "", False),
        ("sampler", "2", False),
    ],
)
def test_an_unknown_model_or_version_is_not_ready(versions, name, number, ready):
    assert lookup.is_ready(versions, name, number) is ready


def test_the_readiness_of_an_invalid_version_is_an_invalid_argument(versions):
    with pytest.raises(RequestError, match="version is 'newest'"):
        lookup.is_ready(versions, "sampler", "newest")


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [
        ("", "", [("generator", "1"), ("generator", "3"), ("sampler", "1"), ("sampler", "3")]),
        ("sampler", "", [("sampler", "1"), ("sampler", "3")]),
        ("", "3", [("generator", "3"), ("sampler", "3")]),
        ("sampler", "3", [("sampler", "3")]),
    ],
)
def test_statistics_cover_the_requested_models_and_versions(versions, name, number, expected):
    found = lookup.statistics(versions, name, number, {}).model_stats
    assert [(model.name, model.version) for model in found] == expected


def test_statistics_contain_counts_and_times(versions):
    totals = ModelTotals(
        rows=70,
        succeeded=8,
        failed=1,
        succeeded_seconds=8.0,
        failed_seconds=0.5,
        compute_seconds=6.0,
        last_request=1_700_000_000.5,
    )
    [found] = lookup.statistics(versions, "sampler", "3", {("sampler", 3): totals}).model_stats
    assert (found.inference_count, found.execution_count) == (70, 8)
    assert found.last_inference == 1_700_000_000_500
    times = found.inference_stats
    assert (times.success.count, times.success.ns) == (8, 8 * 10**9)
    assert (times.fail.count, times.fail.ns) == (1, 5 * 10**8)
    assert (times.queue.count, times.queue.ns) == (8, 2 * 10**9)
    assert (times.compute_infer.count, times.compute_infer.ns) == (8, 6 * 10**9)
