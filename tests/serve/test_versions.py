"""Versions that come and go while the server serves: what is loaded, refused, asked for."""

import itertools
import json
import os
import shutil
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from curvegan.v1 import curves_pb2_grpc
from curvegan.v1.curves_pb2 import (
    CurveSource,
    GenerateCurvesRequest,
    GenerateCurvesResponse,
    GetModelRequest,
    SeedList,
    SeedRange,
    StreamCurvesRequest,
)
from serve.client import CurveClient
from serve.engine import Engine
from serve.errors import RepositoryError
from serve.manifest import MANIFEST
from serve.process import RunningServer, running_server
from serve.protocol import lookup
from serve.protocol.inference.inference_pb2 import (
    ModelInferRequest,
    ModelInferResponse,
    ModelStreamInferResponse,
)
from serve.publish import publish
from serve.repository import ONNX, TORCHSCRIPT, Repository
from serve.status import RequestError
from serve.versions import Versions
from tests.commands import workers_of
from tests.serve.models import (
    Files,
    curves_of,
    delete,
    publish_files,
    publish_raised,
    raised,
)
from tests.serve.observe import http_get, kill, metric, own_connection, wait_until

SEEDS = range(5)
# Within which a server follows what is published and deleted.
SOON = 2.0
# Within which it has looked several times.
A_WHILE = 1.0


@pytest.fixture
def stub() -> Iterator[Callable[[RunningServer], object]]:
    """Connects to a server."""
    with ExitStack() as stack:
        yield lambda server: curves_pb2_grpc.CurveServiceStub(
            stack.enter_context(own_connection(server))
        )


def ask(stub, version: int = 0, seeds: range = SEEDS) -> GenerateCurvesResponse:
    source = CurveSource(seeds=SeedList(values=seeds))
    return stub.GenerateCurves(GenerateCurvesRequest(version=version, source=source), timeout=20)


def served(stub) -> int:
    """The version that the server serves."""
    return stub.GetModel(GetModelRequest(), timeout=20).version


def values(answer) -> bytes:
    return np.array(answer.values, np.float32).tobytes()


def code_of(stub, version: int) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as caught:
        ask(stub, version)
    return caught.value.code()


def outcome_of(stub, version: int) -> grpc.StatusCode:
    try:
        ask(stub, version)
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def damage(path: Path) -> None:
    """Changes one byte of a file, in one go."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    replace(path, bytes(content))


def replace(path: Path, content: bytes) -> None:
    aside = path.with_name(".aside")
    aside.write_bytes(content)
    aside.rename(path)


def publish_damaged(models: Path, tmp_path: Path) -> bytes:
    """Publishes a version with a damaged sampler, in one go. Returns the whole file's content."""
    elsewhere = shutil.copytree(models, tmp_path / "elsewhere")
    version = str(publish_raised(elsewhere, by=100))
    path = elsewhere / "sampler" / version / ONNX
    whole = path.read_bytes()
    damage(path)
    (models / ".last-version").write_text(version)
    for model in ("generator", "sampler"):
        (elsewhere / model / version).rename(models / model / version)
    return whole


def test_a_published_version_is_served_soon(models: Path, stub):
    with running_server(models) as server:
        client = stub(server)
        assert (ask(client).version, values(ask(client))) == (1, curves_of(models, 1, SEEDS))
        assert publish_raised(models, by=1) == 2
        wait_until(lambda: served(client) == 2, SOON)
        assert (ask(client).version, values(ask(client))) == (2, curves_of(models, 2, SEEDS))
        assert code_of(client, version=1) is grpc.StatusCode.NOT_FOUND


def test_a_stream_stays_with_its_version_to_its_end(models: Path, stub):
    count = 1_000_000
    with running_server(models) as server:
        client = stub(server)
        request = StreamCurvesRequest(source=CurveSource(range=SeedRange(count=count)))
        stream = client.StreamCurves(request, timeout=60)
        assert next(stream).version == 1
        publish_raised(models, by=1)
        wait_until(lambda: served(client) == 2, SOON)
        *rest, last = stream
    assert {answer.version for answer in (*rest, last)} == {1}
    assert values(last) == curves_of(models, 1, range(last.first_row, count))


def test_the_newest_versions_are_kept_and_can_be_asked_by_number(models: Path, stub):
    publish_raised(models, by=1)
    with running_server(models, "--keep", "2") as server:
        client = stub(server)
        assert [ask(client, version).version for version in (0, 1, 2)] == [2, 1, 2]
        publish_raised(models, by=2)
        wait_until(lambda: served(client) == 3, SOON)
        assert code_of(client, version=1) is grpc.StatusCode.NOT_FOUND
        for version in (2, 3):
            assert values(ask(client, version)) == curves_of(models, version, SEEDS)
        assert http_get(server, "/readyz") == (200, "ready: version 3, 2\n")


def test_a_pinned_version_is_served_whatever_is_published_and_deleted(models: Path, stub):
    publish_raised(models, by=1)
    with running_server(models, "--pin", "1") as server:
        client = stub(server)
        publish_raised(models, by=2)
        delete(models, 1)
        time.sleep(A_WHILE)
        assert ask(client).version == 1
        assert code_of(client, version=2) is grpc.StatusCode.NOT_FOUND


def test_deleting_the_newest_rolls_back(models: Path, stub):
    publish_raised(models, by=1)
    with running_server(models) as server:
        client = stub(server)
        delete(models, 2)
        wait_until(lambda: served(client) == 1, SOON)
        assert values(ask(client)) == curves_of(models, 1, SEEDS)
        assert publish_raised(models, by=2) == 3
        wait_until(lambda: served(client) == 3, SOON)


def test_with_all_versions_deleted_it_goes_on_and_says_so_once(
    models: Path, stub, capfd: pytest.CaptureFixture[str]
):
    files = raised(models, by=1)
    description = Repository(models).load(1).sampler_manifest.description
    with running_server(models) as server:
        client = stub(server)
        expected = values(ask(client))
        delete(models, 1)
        time.sleep(A_WHILE)
        assert (ask(client).version, values(ask(client))) == (1, expected)
        (line,) = capfd.readouterr().err.splitlines()
        assert f"no model in {models}" in line
        assert line.endswith("; version 1 is served as before")
        publish(models, description, files["generator"], files["sampler"])
        wait_until(lambda: served(client) == 2, SOON)


def test_a_damaged_version_is_refused_once_and_served_once_it_is_whole(
    models: Path, tmp_path: Path, stub, capfd: pytest.CaptureFixture[str]
):
    """By two workers, of which each meets it."""
    with running_server(models, "--workers", "2") as server:
        clients = [stub(server) for _ in range(8)]
        whole = publish_damaged(models, tmp_path)
        wait_until(lambda: metric(server, "curvegan_versions_refused_total") == 1, SOON)
        time.sleep(A_WHILE)
        assert metric(server, "curvegan_versions_refused_total") == 1
        assert [served(client) for client in clients] == [1] * 8
        (line,) = capfd.readouterr().err.splitlines()
        assert "version 2 is refused: " in line
        assert "sampler/2/model.onnx is damaged" in line
        replace(models / "sampler" / "2" / ONNX, whole)
        wait_until(lambda: [served(client) for client in clients] == [2] * 8, SOON)
        assert metric(server, "curvegan_versions_refused_total") == 1
        assert "refused" not in capfd.readouterr().err


def test_a_server_starts_with_the_newest_version_that_is_whole(
    models: Path, tmp_path: Path, stub, capfd: pytest.CaptureFixture[str]
):
    publish_damaged(models, tmp_path)
    with running_server(models) as server:
        assert served(stub(server)) == 1
        assert metric(server, "curvegan_versions_refused_total") == 1
    assert capfd.readouterr().err.count("version 2 is refused") == 1


def test_no_request_fails_while_versions_come_and_go(models: Path, tmp_path: Path, stub):
    """Each answer has the bytes of the version that it names."""
    expected = {1: curves_of(models, 1, SEEDS)}
    with running_server(models, "--workers", "2") as server:
        enough = threading.Event()
        answers: list[list[tuple[int, bytes]]] = [[] for _ in range(4)]
        failures: list[grpc.RpcError] = []

        def load(client, method: Callable, seen: list[tuple[int, bytes]]) -> None:
            try:
                while not enough.is_set():
                    seen += method(client)
            except grpc.RpcError as error:
                failures.append(error)

        def unary(client) -> list[tuple[int, bytes]]:
            answer = ask(client)
            return [(answer.version, values(answer))]

        def stream(client) -> list[tuple[int, bytes]]:
            source = CurveSource(range=SeedRange(count=100_000))
            parts = list(client.StreamCurves(StreamCurvesRequest(source=source), timeout=20))
            assert len({part.version for part in parts}) == 1
            first = np.array(parts[0].values[: len(SEEDS) * parts[0].n_points], np.float32)
            return [(parts[0].version, first.tobytes())]

        threads = [
            threading.Thread(target=load, args=(stub(server), method, seen))
            for method, seen in zip((unary, unary, unary, stream), answers, strict=True)
        ]
        for thread in threads:
            thread.start()
        watcher = stub(server)
        for by in (1, 2):
            version = publish_raised(models, by)
            expected[version] = curves_of(models, version, SEEDS)
            wait_until(lambda version=version: served(watcher) == version)
        publish_damaged(models, tmp_path)
        wait_until(lambda: metric(server, "curvegan_versions_refused_total") == 1)
        for version in (4, 3):
            delete(models, version)
        wait_until(lambda: served(watcher) == 2)
        time.sleep(0.5)
        enough.set()
        for thread in threads:
            thread.join(timeout=20)
    assert not failures
    for seen in answers:
        assert {version for version, _ in seen} == {1, 2, 3}
    for version, curves in itertools.chain(*answers):
        assert curves == expected[version]


@pytest.mark.parametrize("model", ["sampler", "generator"])
def test_each_kept_version_answers_by_its_number_over_the_protocol(models: Path, model: str):
    """Over gRPC, in a stream of it, and over REST."""
    publish_raised(models, by=1)
    numbers = {"sampler": np.arange(3), "generator": np.ones((3, 5), np.float32)}[model]
    datatype = {"sampler": "INT64", "generator": "FP32"}[model]
    name = {"sampler": "seeds", "generator": "noise"}[model]

    def request(version: str) -> bytes:
        given = ModelInferRequest.InferInputTensor(
            name=name, datatype=datatype, shape=numbers.shape
        )
        return ModelInferRequest(
            model_name=model,
            model_version=version,
            inputs=[given],
            raw_input_contents=[numbers.tobytes()],
        ).SerializeToString()

    def expected(version: int) -> bytes:
        engine = Engine.of(Repository(models).load(version))
        compute = {"sampler": engine.curves_from_seeds, "generator": engine.curves_from_noise}
        return compute[model](numbers).tobytes()

    with running_server(models, "--keep", "2") as server, own_connection(server) as channel:
        by_call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        by_stream = channel.stream_stream("/inference.GRPCInferenceService/ModelStreamInfer")
        asked = ("", "1", "2")
        answers = [ModelInferResponse.FromString(by_call(request(v), timeout=20)) for v in asked]
        streamed = [
            ModelStreamInferResponse.FromString(answer).infer_response
            for answer in by_stream(map(request, asked), timeout=20)
        ]
        for found in (answers, streamed):
            assert [answer.model_version for answer in found] == ["2", "1", "2"]
            assert [answer.raw_output_contents[0] for answer in found] == [
                expected(2),
                expected(1),
                expected(2),
            ]
        tensor = {"name": name, "datatype": datatype, "shape": numbers.shape}
        body = json.dumps({"inputs": [tensor | {"data": numbers.ravel().tolist()}]}).encode()
        for version in (1, 2):
            url = f"http://{server.http}/v2/models/{model}/versions/{version}/infer"
            with urllib.request.urlopen(url, body, timeout=20) as response:
                answer = json.load(response)
            assert answer["model_version"] == str(version)
            (output,) = answer["outputs"]
            assert np.array(output["data"], np.float32).tobytes() == expected(version)


def test_a_version_that_another_worker_has_is_never_said_not_to_be(models: Path):
    """A client learns of it from one and asks the other for it in the same instant."""
    with (
        running_server(models, "--workers", "2") as server,
        ExitStack() as stack,
    ):
        # Started apart, so that they do not look at the repository at the same time.
        kill(workers_of(server)[0])
        wait_until(lambda: metric(server, "curvegan_workers") == 2)
        stubs = [
            curves_pb2_grpc.CurveServiceStub(stack.enter_context(own_connection(server)))
            for _ in range(8)
        ]
        clients = [stack.enter_context(CurveClient(server.address)) for _ in range(8)]
        for by in (1, 2, 3):
            version = publish_raised(models, by)
            wait_until(lambda version=version: version in map(served, stubs), SOON)
            found = [outcome_of(stub, version) for stub in stubs]
            assert set(found) <= {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE}
            # Ours asks again, as it is told to.
            assert {client.model(version).version for client in clients} == {version}


class Watched:
    """The versions of a repository as one worker loads them, and those that it refused."""

    def __init__(self, models: Path, keep: int = 1, pin: int | None = None) -> None:
        self.refused: list[tuple[int, str]] = []
        self.versions = Versions(
            Repository(models), keep, pin, lambda *refusal: self.refused.append(refusal)
        )
        self.versions.refresh()


def cut_off(folder: Path) -> None:
    replace(folder / ONNX, (folder / ONNX).read_bytes()[:-1])


def no_manifest(folder: Path) -> None:
    replace(folder / MANIFEST, b"{")


def missing_file(folder: Path) -> None:
    (folder / TORCHSCRIPT).unlink()


@pytest.mark.parametrize("model", ["sampler", "generator"])
@pytest.mark.parametrize("spoil", [cut_off, no_manifest, missing_file])
def test_a_version_that_is_not_whole_is_refused(spoil: Callable, model: str, models: Path):
    watched = Watched(models)
    publish_raised(models, by=1)
    spoil(models / model / "2")
    for _ in range(3):
        watched.versions.refresh()
    ((version, reason),) = watched.refused
    assert (version, watched.versions.numbers()) == (2, [1])
    assert f"{model}/2" in reason


def test_a_version_under_another_s_number_is_refused(models: Path):
    watched = Watched(models)
    for model in ("generator", "sampler"):
        shutil.copytree(models / model / "1", models / model / "7")
    watched.versions.refresh()
    ((version, reason),) = watched.refused
    assert (version, watched.versions.numbers()) == (7, [1])
    assert "is of sampler version 1" in reason


def foreign(models: Path, *nodes: onnx.NodeProto, kind: int = TensorProto.FLOAT) -> Files:
    """Returns the files of version 1, but with the model of `nodes` as sampler."""
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


def test_what_is_no_onnx_is_refused(models: Path):
    files = raised(models, by=0)
    reason = refusal_of(models, files | {"sampler": files["sampler"] | {ONNX: b"onnx"}})
    assert "onnxruntime can't load the model of seeds" in reason


def test_a_model_of_other_numbers_is_refused(models: Path):
    """Its curves are float64, which would cross the wire as if they were float32."""
    nodes = [
        helper.make_node("Reshape", ["seeds", "column"], ["columns"]),
        helper.make_node("Concat", ["one", "points"], ["shape"], axis=0),
        helper.make_node("Expand", ["columns", "shape"], ["wide"]),
        helper.make_node("Cast", ["wide"], ["curves"], to=TensorProto.DOUBLE),
    ]
    reason = refusal_of(models, foreign(models, *nodes, kind=TensorProto.DOUBLE))
    assert "('curves', 'tensor(double)', [None, 15])" in reason


def test_a_model_that_can_not_compute_is_refused(models: Path):
    """It loads, but what it computes needs 15 seeds a curve."""
    nodes = [
        helper.make_node("Reshape", ["seeds", "rows"], ["wide"]),
        helper.make_node("Cast", ["wide"], ["curves"], to=TensorProto.FLOAT),
    ]
    assert "onnxruntime can't run the model" in refusal_of(models, foreign(models, *nodes))


def test_a_model_of_other_rows_is_refused(models: Path):
    """It answers one curve, however many seeds there are."""
    nodes = [
        helper.make_node("ReduceSum", ["seeds"], ["sum"], keepdims=1),
        helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "one"], ["one_row"]),
        helper.make_node("Concat", ["one_row", "points"], ["shape"], axis=0),
        helper.make_node("Expand", ["sum", "shape"], ["wide"]),
        helper.make_node("Cast", ["wide"], ["curves"], to=TensorProto.FLOAT),
    ]
    assert "does not compute a curve a row" in refusal_of(models, foreign(models, *nodes))


def refusal_of(models: Path, files: Files) -> str:
    """Publishes `files` as version 2 and returns why it is refused, while version 1 goes on."""
    watched = Watched(models)
    assert publish_files(models, files) == 2
    for _ in range(3):
        watched.versions.refresh()
    ((version, reason),) = watched.refused
    assert (version, watched.versions.numbers()) == (2, [1])
    assert "\n" not in reason
    return reason


def test_a_refused_version_is_told_of_once_when_nothing_else_is_left(
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
    """So it stays refused when it is made whole in a way that its file's size and time hide."""
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
    path.touch()
    watched.versions.refresh()
    assert watched.versions.numbers() == [2]


def test_a_version_that_is_not_served_is_not_found(models: Path):
    publish_raised(models, by=1)
    versions = Watched(models, keep=2).versions
    assert versions.numbers() == [2, 1]
    with pytest.raises(RequestError, match="version 3 is not served: versions 2, 1 are") as caught:
        versions.get(3)
    assert caught.value.code is grpc.StatusCode.NOT_FOUND


def test_a_version_that_is_about_to_be_loaded_is_to_be_asked_for_again(models: Path):
    versions = Watched(models).versions
    publish_raised(models, by=1)
    with pytest.raises(RequestError, match="version 2 is being loaded") as caught:
        versions.get(2)
    assert caught.value.code is grpc.StatusCode.UNAVAILABLE
    assert caught.value.retry_after == 0.1
    assert not lookup.is_ready(versions, "sampler", "2")
    versions.refresh()
    assert versions.get(2).number == 2


def test_a_version_that_never_will_be_loaded_is_not_found(models: Path):
    """It is refused, older than those that are kept, or not the one that is pinned."""
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
