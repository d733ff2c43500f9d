"""Which versions a worker loads, and which it refuses and why."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import grpc
import onnx
import pytest
from onnx import TensorProto, helper

from curvegan.errors import RepositoryError
from curvegan.repository.manifest import MANIFEST
from curvegan.repository.repository import ONNX, TORCHSCRIPT
from serve.calls.status import RequestError
from serve.inference import lookup
from tests.support.models import (
    Files,
    damage,
    delete,
    publish_files,
    publish_raised,
    raised,
    replace_file,
)
from tests.support.watched import Watched


def cut_off(folder: Path) -> None:
    replace_file(folder / ONNX, (folder / ONNX).read_bytes()[:-1])


def no_manifest(folder: Path) -> None:
    replace_file(folder / MANIFEST, b"{")


def missing_file(folder: Path) -> None:
    (folder / TORCHSCRIPT).unlink()


@pytest.mark.parametrize("model", ["sampler", "generator"])
@pytest.mark.parametrize("spoil", [cut_off, no_manifest, missing_file])
def test_an_incomplete_version_is_refused(spoil: Callable, model: str, models: Path):
    watched = Watched(models)
    publish_raised(models, by=1)
    spoil(models / model / "2")
    for _ in range(3):
        watched.versions.refresh()
    ((version, reason),) = watched.refused
    assert (version, watched.versions.numbers()) == (2, [1])
    assert f"{model}/2" in reason


def test_a_version_in_the_folder_of_another_number_is_refused(models: Path):
    watched = Watched(models)
    for model in ("generator", "sampler"):
        shutil.copytree(models / model / "1", models / model / "7")
    watched.versions.refresh()
    ((version, reason),) = watched.refused
    assert (version, watched.versions.numbers()) == (7, [1])
    assert "is of sampler version 1" in reason


def foreign(models: Path, *nodes: onnx.NodeProto, kind: int = TensorProto.FLOAT) -> Files:
    """Returns the files of version 1, but with a sampler made of `nodes`."""
    seeds = helper.make_tensor_value_info("seeds", TensorProto.INT64, ["n"])
    curves = helper.make_tensor_value_info("curves", kind, ["n", 15])
    constants = {"zero": [0], "one": [1], "points": [15], "column": [-1, 1], "rows": [-1, 15]}
    weights = [
        helper.make_tensor(name, TensorProto.INT64, [len(numbers)], numbers)
        for name, numbers in constants.items()
    ]
    graph = helper.make_graph(nodes, "foreign", [seeds], [curves], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    files = raised(models, by=0)
    return files | {"sampler": files["sampler"] | {ONNX: model.SerializeToString()}}


def test_an_invalid_onnx_file_is_refused(models: Path):
    files = raised(models, by=0)
    reason = refusal_of(models, files | {"sampler": files["sampler"] | {ONNX: b"onnx"}})
    assert "onnxruntime can't load the sampler" in reason


def test_a_model_with_another_number_type_is_refused(models: Path):
    """Its curves are float64, which would be sent as if they were float32."""
    nodes = [
        helper.make_node("Reshape", ["seeds", "column"], ["columns"]),
        helper.make_node("Concat", ["one", "points"], ["shape"], axis=0),
        helper.make_node("Expand", ["columns", "shape"], ["wide"]),
        helper.make_node("Cast", ["wide"], ["curves"], to=TensorProto.DOUBLE),
    ]
    reason = refusal_of(models, foreign(models, *nodes, kind=TensorProto.DOUBLE))
    assert "('curves', 'tensor(double)', [-1, 15])" in reason


def test_a_model_that_fails_to_run_is_refused(models: Path):
    """It loads, but needs 15 seeds per curve."""
    nodes = [
        helper.make_node("Reshape", ["seeds", "rows"], ["wide"]),
        helper.make_node("Cast", ["wide"], ["curves"], to=TensorProto.FLOAT),
    ]
    assert "onnxruntime can't run the model" in refusal_of(models, foreign(models, *nodes))


def test_a_model_with_a_wrong_number_of_rows_is_refused(models: Path):
    """It returns one curve, however many seeds there are."""
    nodes = [
        helper.make_node("ReduceSum", ["seeds"], ["sum"], keepdims=1),
        helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "one"], ["one_row"]),
        helper.make_node("Concat", ["one_row", "points"], ["shape"], axis=0),
        helper.make_node("Expand", ["sum", "shape"], ["wide"]),
        helper.make_node("Cast", ["wide"], ["curves"], to=TensorProto.FLOAT),
    ]
    assert "does not compute one curve per row" in refusal_of(models, foreign(models, *nodes))


def refusal_of(models: Path, files: Files) -> str:
    """Publishes `files` as version 2. Returns why it is refused, while version 1 stays served."""
    watched = Watched(models)
    assert publish_files(models, files) == 2
    for _ in range(3):
        watched.versions.refresh()
    ((version, reason),) = watched.refused
    assert (version, watched.versions.numbers()) == (2, [1])
    assert "\n" not in reason
    return reason


def test_a_refused_version_is_reported_once_when_it_is_the_only_one(
    models: Path, caplog: pytest.LogCaptureFixture
):
    watched = Watched(models)
    publish_raised(models, by=1)
    damage(models / "sampler" / "2" / ONNX)
    delete(models, 1)
    for _ in range(3):
        watched.versions.refresh()
    assert [version for version, _ in watched.refused] == [2]
    assert watched.versions.numbers() == [1]
    assert not caplog.records


def test_a_refused_version_is_not_read_again_until_its_files_change(models: Path):
    """So it stays refused if it is repaired without changing the size and time of its file."""
    watched = Watched(models)
    publish_raised(models, by=1)
    path = models / "sampler" / "2" / ONNX
    whole = path.read_bytes()
    damage(path)
    watched.versions.refresh()
    time_then = path.stat().st_mtime_ns
    path.write_bytes(whole)
    os.utime(path, ns=(time_then, time_then))
    watched.versions.refresh()
    assert watched.versions.numbers() == [1]
    os.utime(path, ns=(time_then, time_then + 10**9))
    watched.versions.refresh()
    assert watched.versions.numbers() == [2]


def test_a_version_that_is_not_served_is_not_found(models: Path):
    publish_raised(models, by=1)
    versions = Watched(models, keep=2).versions
    assert versions.numbers() == [2, 1]
    with pytest.raises(
        RequestError, match="version 3 is not served: versions 2, 1 are served"
    ) as caught:
        versions.get(3)
    assert caught.value.code is grpc.StatusCode.NOT_FOUND


def test_a_version_that_is_being_loaded_is_unavailable(models: Path):
    versions = Watched(models).versions
    publish_raised(models, by=1)
    with pytest.raises(RequestError, match="version 2 is being loaded") as caught:
        versions.get(2)
    assert caught.value.code is grpc.StatusCode.UNAVAILABLE
    assert caught.value.retry_after == 0.1
    assert not lookup.is_ready(versions, "sampler", "2")
    versions.refresh()
    assert versions.get(2).number == 2


def test_a_version_that_will_never_be_loaded_is_not_found(models: Path):
    """It is refused, older than the kept versions, or not the pinned version."""
    watched, pinned = Watched(models), Watched(models, pin=1)
    publish_raised(models, by=1)
    watched.versions.refresh()
    publish_raised(models, by=2)
    damage(models / "sampler" / "3" / ONNX)
    watched.versions.refresh()
    for versions, number in ((watched.versions, 1), (watched.versions, 3), (pinned.versions, 3)):
        with pytest.raises(RequestError, match=f"version {number} is not served") as caught:
            versions.get(number)
        assert caught.value.code is grpc.StatusCode.NOT_FOUND


def test_a_server_does_not_start_with_refused_versions_only(models: Path):
    damage(models / "sampler" / "1" / ONNX)
    with pytest.raises(RepositoryError, match="is damaged"):
        Watched(models)
