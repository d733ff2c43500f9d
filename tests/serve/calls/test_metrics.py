"""/metrics: exact totals over all workers, even if one was killed."""

import json
import math
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import numpy as np
import pytest

from curvegan.v1.curves_pb2 import (
    CurveSource,
    GenerateCurvesRequest,
    NoiseRows,
    SeedRange,
    StreamCurvesRequest,
)
from serve.inference.inference_pb2 import ModelInferRequest
from serve.running import RunningServer, running_server
from tests.support import http2
from tests.support.commands import error_line, workers_of
from tests.support.models import publish_raised
from tests.support.observe import http_get, kill, metric, own_connection, samples, wait_until

CURVES = "curvegan.v1.CurveService"
INFERENCE = "inference.GRPCInferenceService"
REST_INFER = "POST /v2/models/{model}/infer"


@pytest.fixture(scope="module")
def pair(published: Path) -> Iterator[RunningServer]:
    """A server with two workers; a test may kill them."""
    with running_server(published, "--workers", "2") as running:
        yield running


@dataclass
class Tally:
    """Counts of calls by method and code, and of curves in successful responses by model."""

    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, server: RunningServer) -> "Tally":
        """Returns what the server has counted."""
        found = cls()
        for sample in samples(server):
            labels, value = sample.labels, int(sample.value)
            if sample.name == "curvegan_requests_total":
                found.calls[labels["method"], labels["code"]] += value
            elif sample.name == "curvegan_rows_total":
                found.rows[labels["model"]] += value
        return found

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.calls + other.calls, self.rows + other.rows)


def generate(count: int, version: int = 0) -> bytes:
    source = CurveSource(range=SeedRange(count=count))
    return GenerateCurvesRequest(version=version, source=source).SerializeToString()


def stream_of(count: int) -> bytes:
    source = CurveSource(range=SeedRange(count=count))
    return StreamCurvesRequest(source=source).SerializeToString()


def infer(model: str, numbers: np.ndarray) -> bytes:
    name, datatype = {"sampler": ("seeds", "INT64"), "generator": ("noise", "FP32")}[model]
    given = ModelInferRequest.InferInputTensor(name=name, datatype=datatype, shape=numbers.shape)
    return ModelInferRequest(
        model_name=model, inputs=[given], raw_input_contents=[numbers.tobytes()]
    ).SerializeToString()


def seeds(count: int) -> bytes:
    return infer("sampler", np.arange(count))


def ask_all(server: RunningServer, channel: grpc.Channel) -> Tally:
    """Makes one call of each kind, over one gRPC connection and over HTTP."""
    tally = Tally()

    def unary(method: str, request: bytes, code: str, known: str = "") -> None:
        with suppress(grpc.RpcError):
            channel.unary_unary(f"/{method}")(request, timeout=20)
        tally.calls[known or method, code] += 1

    def http(path: str, code: str, name: str, body: object = None) -> None:
        data = None if body is None else json.dumps(body).encode()
        with suppress(urllib.error.HTTPError):
            urllib.request.urlopen(f"http://{server.http}{path}", data, timeout=20).close()
        tally.calls[name, code] += 1

    noise = np.zeros((4, 5), np.float32)
    rows = CurveSource(noise=NoiseRows(values=noise.ravel(), width=5))
    unary(f"{CURVES}/GenerateCurves", generate(3), "OK")
    unary(f"{CURVES}/GenerateCurves", generate(500), "OK")
    unary(f"{CURVES}/GenerateCurves", generate(5000), "OK")
    unary(f"{CURVES}/GenerateCurves", GenerateCurvesRequest(source=rows).SerializeToString(), "OK")
    unary(f"{CURVES}/GetModel", b"", "OK")
    tally.rows += Counter(sampler=5503, generator=4)
    unary(f"{CURVES}/GenerateCurves", b"\xff", "INVALID_ARGUMENT")
    unary(f"{CURVES}/GenerateCurves", generate(0), "INVALID_ARGUMENT")
    unary(f"{CURVES}/GenerateCurves", generate(3, version=9), "NOT_FOUND")
    unary(f"{CURVES}/GenerateCurves", generate(10**6), "RESOURCE_EXHAUSTED")
    unary(f"{CURVES}/PaintCurves", b"", "UNIMPLEMENTED", known="other")

    list(channel.unary_stream(f"/{CURVES}/StreamCurves")(stream_of(50_000), timeout=20))
    tally.calls[f"{CURVES}/StreamCurves", "OK"] += 1
    tally.rows["sampler"] += 50_000
    cancelled = channel.unary_stream(f"/{CURVES}/StreamCurves")(stream_of(10**8), timeout=20)
    next(cancelled)
    cancelled.cancel()
    tally.calls[f"{CURVES}/StreamCurves", "CANCELLED"] += 1

    unary(f"{INFERENCE}/ServerReady", b"", "OK")
    unary(f"{INFERENCE}/ModelInfer", seeds(7), "OK")
    unary(f"{INFERENCE}/ModelInfer", infer("generator", noise), "OK")
    unary(f"{INFERENCE}/ModelInfer", b"", "NOT_FOUND")
    tally.rows += Counter(sampler=7, generator=4)
    messages = iter([seeds(2), seeds(0), seeds(2)])
    list(channel.stream_stream(f"/{INFERENCE}/ModelStreamInfer")(messages, timeout=20))
    tally.rows["sampler"] += 4
    tally.calls[f"{INFERENCE}/ModelStreamInfer", "OK"] += 1
    tally.calls[f"{INFERENCE}/ModelStreamInfer/request", "OK"] += 2
    tally.calls[f"{INFERENCE}/ModelStreamInfer/request", "INVALID_ARGUMENT"] += 1
    garbage = channel.stream_stream(f"/{INFERENCE}/ModelStreamInfer")(iter([b"\xff"]), timeout=20)
    with suppress(grpc.RpcError):
        list(garbage)
    tally.calls[f"{INFERENCE}/ModelStreamInfer", "INVALID_ARGUMENT"] += 1
    tally.calls[f"{INFERENCE}/ModelStreamInfer/request", "INVALID_ARGUMENT"] += 1

    tensor = {"name": "seeds", "datatype": "INT64", "shape": [2], "data": [1, 2]}
    http("/v2/models/sampler/infer", "OK", REST_INFER, {"inputs": [tensor]})
    tally.rows["sampler"] += 2
    http("/v2/models/sampler/infer", "INVALID_ARGUMENT", REST_INFER, {})
    http("/v2/models/painter/infer", "NOT_FOUND", REST_INFER, {})
    http("/v2", "OK", "GET /v2")
    http("/v2/models/sampler/infer", "UNIMPLEMENTED", "other")
    http("/paintings", "UNIMPLEMENTED", "other")
    # These are not counted.
    for path in ("/healthz", "/readyz", "/metrics"):
        assert http_get(server, path)[0] == 200
    channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=20)
    return tally


def ask_all_workers(server: RunningServer, times: int = 6) -> Tally:
    tally = Tally()
    for _ in range(times):
        with own_connection(server) as channel:
            tally += ask_all(server, channel)
    # grpcio's client would cancel the call itself.
    path, deadline = f"{CURVES}/StreamCurves", (b"grpc-timeout", b"1S")
    http2.raw_call(server.address, f"/{path}".encode(), deadline, request=stream_of(10**8))
    tally.calls[path, "DEADLINE_EXCEEDED"] += 1
    return tally


def expect(server: RunningServer, asked: Tally) -> None:
    """Asserts that the server has counted exactly these calls, after a moment."""
    with suppress(pytest.fail.Exception):
        wait_until(lambda: Tally.of(server) == asked)
    assert Tally.of(server) == asked


def kill_a_worker(server: RunningServer, pid: int) -> None:
    """Kills a worker after it has flushed its metrics, and waits until it was restarted."""
    before = metric(server, "curvegan_worker_restarts_total")
    kill(pid)
    wait_until(lambda: metric(server, "curvegan_worker_restarts_total") == before + 1)
    wait_until(lambda: metric(server, "curvegan_workers") == 2)


def test_every_call_is_counted_once_even_if_its_worker_is_killed(pair: RunningServer):
    asked = ask_all_workers(pair)
    expect(pair, asked)
    kill_a_worker(pair, workers_of(pair)[0])
    assert Tally.of(pair) == asked
    asked += ask_all_workers(pair)
    expect(pair, asked)
    wait_until(lambda: metric(pair, "curvegan_in_flight") == 0)


def test_the_latency_histogram_counts_every_call(pair: RunningServer):
    asked = Tally.of(pair) + ask_all_workers(pair, times=2)
    expect(pair, asked)
    methods = {method for method, _ in asked.calls}
    found = samples(pair)
    for method in methods:
        of_method = [sample for sample in found if sample.labels.get("method") == method]
        count = sum(number for (name, _), number in asked.calls.items() if name == method)
        buckets = {
            float(sample.labels["le"]): sample.value
            for sample in of_method
            if sample.name == "curvegan_request_seconds_bucket"
        }
        assert list(buckets) == sorted(buckets)
        assert list(buckets.values()) == sorted(buckets.values())
        assert buckets[math.inf] == count
        (total,) = [s.value for s in of_method if s.name == "curvegan_request_seconds_sum"]
        assert 0 < total < 600


def test_a_model_s_statistics_match_the_metrics(pair: RunningServer):
    """They cover all workers, whichever worker responds."""
    asked = Tally.of(pair) + ask_all_workers(pair, times=2)
    expect(pair, asked)
    for _ in range(8):
        _, body = http_get(pair, "/v2/models/sampler/stats")
        (found,) = json.loads(body)["model_stats"]
        assert found["inference_count"] == asked.rows["sampler"]


@pytest.mark.parametrize("end", ["cancelled", "worker killed"])
def test_calls_in_flight_are_counted_until_they_or_their_worker_end(pair: RunningServer, end: str):
    wait_until(lambda: metric(pair, "curvegan_in_flight") == 0)
    with ExitStack() as stack:
        streams = []
        for _ in range(8):
            channel = stack.enter_context(own_connection(pair))
            stream = channel.unary_stream(f"/{CURVES}/StreamCurves")(stream_of(10**8), timeout=60)
            next(stream)
            streams.append(stream)
        wait_until(lambda: metric(pair, "curvegan_in_flight") == 8)
        if end == "cancelled":
            for stream in streams:
                stream.cancel()
        else:
            for pid in workers_of(pair):
                kill_a_worker(pair, pid)
        wait_until(lambda: metric(pair, "curvegan_in_flight") == 0)


def test_restarts_leave_no_files_and_all_files_are_allocated(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Otherwise a process that writes to a hole in a file is killed when the disk is full."""

    def files() -> set[Path]:
        return {path for path in tmp_path.glob("curvegan-*/*") if path.suffix != ".part"}

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with running_server(published, "--workers=2") as server:
        expect(server, ask_all_workers(server, times=2))
        before = files()
        for pid in workers_of(server):
            kill_a_worker(server, pid)
        assert files() == before
        for path in (path for path in before if path.suffix == ".db"):
            assert 512 * path.stat().st_blocks >= path.stat().st_size > 0
    assert not files()


def test_no_space_for_the_metrics_is_an_error_that_names_the_folder(
    published: Path, tmp_path: Path
):
    done = subprocess.run(
        # No file may be larger than 100 KiB.
        [
            "bash",
            "-c",
            'ulimit -f 100; exec "$0" -m serve --models "$1"',
            sys.executable,
            published,
        ],
        env=os.environ | {"TMPDIR": str(tmp_path), "CURVEGAN_LISTEN": "127.0.0.1:0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    error = error_line(done)
    assert str(tmp_path) in error
    assert "free some space, or set TMPDIR to another folder" in error


def test_metrics_can_be_read_while_a_worker_starts(tmp_path: Path):
    """While its files are allocated. In a subprocess, because prometheus_client is set up once per
    process."""
    program = (
        "import os, pathlib, sys\n"
        "from serve.calls.metrics import Metrics, exposition\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "Metrics(folder, 'worker-0')\n"
        "allocate = os.posix_fallocate\n"
        "os.posix_fallocate = lambda *room: (exposition(), allocate(*room))\n"
        "Metrics(folder, 'worker-1')\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True)


def test_names_made_up_by_clients_do_not_become_labels(pair: RunningServer):
    def ask(*names: str) -> None:
        """Makes ten requests with each name, and waits until they are counted."""
        before = metric(pair, "curvegan_requests_total")
        with own_connection(pair) as channel:
            for name in names:
                for method in (f"/{name}/{name}", f"/{CURVES}/{name}", f"/grpc.health.v1/{name}"):
                    with suppress(grpc.RpcError):
                        channel.unary_unary(method)(b"", timeout=20)
                named = ModelInferRequest(model_name=name, model_version=name, id=name)
                for method in ("ModelInfer", "ModelReady", "ModelStatistics"):
                    with suppress(grpc.RpcError):
                        request = named.SerializeToString()
                        channel.unary_unary(f"/{INFERENCE}/{method}")(request, timeout=20)
        for name in names:
            for path in (f"/{name}", f"/v2/models/{name}", f"/v2/models/sampler/versions/{name}"):
                assert http_get(pair, path)[0] in (400, 404)
            page = urllib.request.Request(f"http://{pair.http}/v2", method=name)
            with suppress(urllib.error.HTTPError):
                urllib.request.urlopen(page, timeout=20)
        count = before + 10 * len(names)
        wait_until(lambda: metric(pair, "curvegan_requests_total") == count)

    def labels() -> set[tuple[str, str]]:
        return {(sample.name, str(sorted(sample.labels.items()))) for sample in samples(pair)}

    ask("painter", "9")
    before = labels()
    ask(*(f"name{index}" for index in range(20)))
    assert labels() == before


def test_a_loaded_version_is_counted_once_per_worker(models: Path):
    def loaded() -> dict[str, float]:
        return {
            sample.labels["version"]: sample.value
            for sample in samples(server)
            if sample.name == "curvegan_loaded_versions"
        }

    with running_server(models, "--workers", "2") as server:
        assert loaded() == {"1": 2}
        publish_raised(models, by=1)
        wait_until(lambda: loaded() == {"1": 0, "2": 2})
        moved = models.rename(models.with_name("moved"))  # Without models, no worker can start.
        kill(workers_of(server)[0])
        wait_until(lambda: loaded() == {"1": 0, "2": 1})
        assert metric(server, "curvegan_workers") == 1
        moved.rename(models)
        wait_until(lambda: loaded() == {"1": 0, "2": 2})


def test_calls_rejected_while_draining_are_counted(published: Path):
    with running_server(published) as server, own_connection(server) as channel:
        stream = channel.unary_stream(f"/{CURVES}/StreamCurves")(stream_of(10**8), timeout=60)
        next(stream)
        server.process.terminate()
        wait_until(lambda: http_get(server, "/readyz")[0] == 503)
        with pytest.raises(grpc.RpcError):
            channel.unary_unary(f"/{CURVES}/GetModel")(b"", timeout=20)
        assert http_get(server, "/v2")[0] == 503
        for method in (f"{CURVES}/GetModel", "GET /v2"):
            labels = {"method": method, "code": "UNAVAILABLE"}
            assert metric(server, "curvegan_requests_total", **labels) == 1
        stream.cancel()
        assert server.process.wait(timeout=20) == 0
