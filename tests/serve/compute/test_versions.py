"""Versions that are published and deleted while the server runs, as clients see them."""

import itertools
import json
import shutil
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import numpy as np
import pytest

from curvegan import CurveClient
from curvegan.engine import Engine
from curvegan.repository.publish import publish
from curvegan.repository.repository import ONNX, Repository
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
from serve.inference.inference_pb2 import (
    ModelInferRequest,
    ModelInferResponse,
    ModelStreamInferResponse,
)
from serve.running import RunningServer, running_server
from tests.support.commands import workers_of
from tests.support.models import (
    curves_of,
    damage,
    delete,
    publish_raised,
    raised,
    replace_file,
)
from tests.support.observe import (
    http_get,
    kill,
    metric,
    own_connection,
    standard_error_in,
    wait_until,
)

SEEDS = range(5)
# Long enough for the server to check the repository several times.
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


def publish_damaged(models: Path, tmp_path: Path) -> bytes:
    """Publishes a version with a damaged sampler, atomically. Returns the undamaged file."""
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
        wait_until(lambda: served(client) == 2)
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
        wait_until(lambda: served(client) == 2)
        *rest, last = stream
    assert {answer.version for answer in (*rest, last)} == {1}
    assert values(last) == curves_of(models, 1, range(last.first_row, count))


def test_the_newest_versions_are_kept_and_served_by_number(models: Path, stub):
    publish_raised(models, by=1)
    with running_server(models, "--keep", "2") as server:
        client = stub(server)
        assert [ask(client, version).version for version in (0, 1, 2)] == [2, 1, 2]
        publish_raised(models, by=2)
        wait_until(lambda: served(client) == 3)
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
        wait_until(lambda: served(client) == 1)
        assert values(ask(client)) == curves_of(models, 1, SEEDS)
        assert publish_raised(models, by=2) == 3
        wait_until(lambda: served(client) == 3)


def test_the_loaded_version_stays_served_when_all_are_deleted(models: Path, tmp_path: Path, stub):
    log = tmp_path / "log"
    files = raised(models, by=1)
    description = Repository(models).load(1).sampler_manifest.description
    with standard_error_in(log), running_server(models) as server:
        client = stub(server)
        expected = values(ask(client))
        delete(models, 1)
        wait_until(log.read_text)
        time.sleep(A_WHILE)
        assert (ask(client).version, values(ask(client))) == (1, expected)
        (line,) = log.read_text().splitlines()
        assert f"no model in {models}" in line
        assert line.endswith("; version 1 is still served")
        publish(models, description, files["generator"], files["sampler"])
        wait_until(lambda: served(client) == 2)


def test_a_damaged_version_is_refused_once_and_served_when_repaired(
    models: Path, tmp_path: Path, stub, capfd: pytest.CaptureFixture[str]
):
    """By two workers, both of which find it."""
    with running_server(models, "--workers", "2") as server:
        clients = [stub(server) for _ in range(8)]
        undamaged = publish_damaged(models, tmp_path)
        wait_until(lambda: metric(server, "curvegan_versions_refused_total") == 1)
        time.sleep(A_WHILE)
        assert metric(server, "curvegan_versions_refused_total") == 1
        assert [served(client) for client in clients] == [1] * 8
        (line,) = capfd.readouterr().err.splitlines()
        assert "version 2 is refused: " in line
        assert "sampler/2/model.onnx is damaged" in line
        replace_file(models / "sampler" / "2" / ONNX, undamaged)
        wait_until(lambda: [served(client) for client in clients] == [2] * 8)
        assert metric(server, "curvegan_versions_refused_total") == 1
        assert "refused" not in capfd.readouterr().err


def test_a_server_starts_with_the_newest_complete_version(
    models: Path, tmp_path: Path, stub, capfd: pytest.CaptureFixture[str]
):
    publish_damaged(models, tmp_path)
    with running_server(models) as server:
        assert served(stub(server)) == 1
        assert metric(server, "curvegan_versions_refused_total") == 1
    assert capfd.readouterr().err.count("version 2 is refused") == 1


def test_no_request_fails_while_versions_come_and_go(models: Path, tmp_path: Path, stub):
    """Each response contains the curves of the version that it names."""
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
            wait_until(
                lambda version=version: all(seen and seen[-1][0] == version for seen in answers)
            )
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
    """In a unary call and a stream over gRPC, and over REST."""
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


def test_a_version_that_another_worker_has_loaded_is_never_not_found(models: Path):
    """A client hears of it from one worker and immediately requests it from the other."""
    with (
        running_server(models, "--workers", "2") as server,
        ExitStack() as stack,
    ):
        # Restarted, so that the workers check the repository at different times.
        kill(workers_of(server)[0])
        wait_until(lambda: metric(server, "curvegan_workers") == 2)
        stubs = [
            curves_pb2_grpc.CurveServiceStub(stack.enter_context(own_connection(server)))
            for _ in range(8)
        ]
        clients = [stack.enter_context(CurveClient(server.address)) for _ in range(8)]
        for by in (1, 2, 3):
            version = publish_raised(models, by)
            wait_until(lambda version=version: version in map(served, stubs))
            found = [outcome_of(stub, version) for stub in stubs]
            assert set(found) <= {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE}
            # Our client retries after UNAVAILABLE.
            assert {client.model(version).version for client in clients} == {version}
