"""The supervisor and its workers: shared ports, crashes, signals, and shutdown."""

import contextlib
import os
import signal
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from curvegan import CurveClient, ServiceError
from serve.inference.inference_pb2 import ModelReadyRequest
from serve.running import RunningServer, running_server
from tests.support.commands import error_line, is_running, try_command, workers_of
from tests.support.observe import (
    http_get,
    json_lines,
    kill,
    metric,
    own_connection,
    standard_error_in,
    wait_until,
)

GET_MODEL = "/curvegan.v1.CurveService/GetModel"


@pytest.fixture(scope="module")
def pair(published: Path):
    """A server with two workers; a test may kill them."""
    with running_server(published, "--workers", "2") as running:
        yield running


def interrupt_all(server: RunningServer) -> None:
    """Sends SIGINT to every process of the server, like Ctrl-C on a terminal."""
    for pid in (*workers_of(server), server.process.pid):
        os.kill(pid, signal.SIGINT)


def answers(server: RunningServer) -> bool:
    with (
        CurveClient(server.address, timeout=20, retry=None) as client,
        contextlib.suppress(ServiceError),
    ):
        return len(client.generate([1])) == 1
    return False


def test_workers_share_both_ports_and_all_of_them_respond(
    published: Path, capfd: pytest.CaptureFixture[str]
):
    options = ("--workers", "2", "--access-log", "--log-format", "json")
    with running_server(published, *options) as server:
        assert len(workers_of(server)) == 2
        for _ in range(24):
            with own_connection(server) as channel:
                channel.unary_unary(GET_MODEL)(b"", timeout=20)
            assert http_get(server, "/v2/health/live")[0] == 200
    lines = [line for line in json_lines(capfd.readouterr().err) if line["message"] == "request"]
    for start in ("curvegan.v1", "GET /v2"):
        answered = [line["process"] for line in lines if line["method"].startswith(start)]
        assert len(answered) == 24
        assert set(answered) == {"worker-0", "worker-1"}


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("option", ["--listen", "--http"])
def test_a_port_shared_by_workers_is_in_use_for_other_servers(
    option: str, workers: str, pair: RunningServer, published: Path
):
    address = {"--listen": pair.address, "--http": pair.http}[option]
    ports = {"--listen": "127.0.0.1:0", "--http": "127.0.0.1:0", option: address}
    options = [text for pair in ports.items() for text in pair]
    done = try_command(
        "serve", f"--models={published}", f"--workers={workers}", *options, cwd=published
    )
    assert error_line(done) == (
        f"error: can't listen on {address}: Address already in use; "
        f"choose another address with {option}"
    )


def test_a_killed_worker_is_restarted_and_counted(pair: RunningServer):
    wait_until(lambda: metric(pair, "curvegan_workers") == 2)
    before = workers_of(pair)
    restarts = metric(pair, "curvegan_worker_restarts_total")
    kill(before[0])
    wait_until(lambda: metric(pair, "curvegan_worker_restarts_total") == restarts + 1)
    wait_until(lambda: metric(pair, "curvegan_workers") == 2)
    assert len(set(workers_of(pair)) - set(before)) == 1


def test_the_other_worker_serves_while_one_is_down(pair: RunningServer):
    wait_until(lambda: metric(pair, "curvegan_workers") == 2)
    kill(workers_of(pair)[0])
    until = time.monotonic() + 1
    while time.monotonic() < until:
        assert answers(pair)


def test_a_worker_that_can_not_start_is_restarted_with_backoff(models: Path, tmp_path: Path):
    """It can't start while its models are missing, and serves them once they are back."""
    log = tmp_path / "log"
    with standard_error_in(log), running_server(models, "--log-format", "json") as server:
        moved = models.rename(models.with_name("moved"))
        kill(workers_of(server)[0])
        wait_until(lambda: log.read_text().count("worker-0 ended") >= 3)
        moved.rename(models)
        wait_until(lambda: answers(server))
        restarts = metric(server, "curvegan_worker_restarts_total")
    lines = json_lines(log.read_text())
    tries = [
        datetime.fromisoformat(line["time"])
        for line in lines
        if line["message"].startswith("worker-0 ended")
    ]
    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(tries)]
    assert restarts == len(tries)
    for index, pause in enumerate(pauses):
        assert pause > 0.1 * 2**index
    assert sum(line["message"].startswith("worker-0: no model in") for line in lines) == len(pauses)


def test_sigterm_ends_all_processes_and_removes_their_files(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with running_server(published, "--workers", "2") as server:
        workers = workers_of(server)
        assert len(list(tmp_path.glob("curvegan-*"))) == 1
        server.process.terminate()
        assert server.process.wait(timeout=20) == 0
        assert not any(map(is_running, workers))
    assert not list(tmp_path.iterdir())


def test_workers_exit_and_remove_their_files_when_their_supervisor_is_killed(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with (
        running_server(published, "--workers", "2") as server,
        CurveClient(server.address, retry=None) as busy,
    ):
        workers = workers_of(server)
        stream = busy.stream(range(2_000_000))
        rows = len(next(stream))
        server.process.kill()
        rows += sum(len(curves) for curves in stream)
        assert rows == 2_000_000
        wait_until(lambda: not any(map(is_running, workers)))
    wait_until(lambda: not list(tmp_path.iterdir()))


def test_ctrl_c_on_a_terminal_finishes_calls_in_flight(
    published: Path, capfd: pytest.CaptureFixture[str]
):
    with (
        running_server(published, "--workers", "2") as server,
        CurveClient(server.address, retry=None) as client,
    ):
        stream = client.stream(range(2_000_000))
        rows = len(next(stream))
        interrupt_all(server)
        rows += sum(len(curves) for curves in stream)
        assert server.process.wait(timeout=20) == 0
    assert rows == 2_000_000
    assert "Traceback" not in capfd.readouterr().err


def test_a_stream_delays_the_shutdown_at_most_by_the_grace_period(published: Path):
    with (
        running_server(published, "--grace", "0.5") as server,
        CurveClient(server.address, retry=None) as client,
    ):
        stream = client.stream(range(2**40))
        next(stream)
        server.process.terminate()
        with pytest.raises(ServiceError):
            for _ in stream:
                pass
        assert server.process.wait(timeout=10) == 0


def test_a_draining_server_is_alive_but_not_ready(published: Path):
    with running_server(published) as server, CurveClient(server.address, retry=None) as client:
        assert http_get(server, "/readyz") == (200, "ready: version 1\n")
        stream = client.stream(range(2**40))
        next(stream)
        server.process.terminate()
        wait_until(lambda: http_get(server, "/readyz") == (503, "shutting down\n"))
        assert http_get(server, "/healthz") == (200, "ok\n")
        with grpc.insecure_channel(server.address) as channel:
            health = health_pb2_grpc.HealthStub(channel)
            answer = health.Check(health_pb2.HealthCheckRequest(), timeout=10)
        assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING
        server.process.terminate()
        assert server.process.wait(timeout=10) == 0


def test_a_draining_server_is_live_but_not_ready_in_the_protocol(published: Path):
    def says(method: str, request: bytes = b"") -> bytes:
        return channel.unary_unary(f"/inference.GRPCInferenceService/{method}")(request, timeout=20)

    with running_server(published) as server, grpc.insecure_channel(server.address) as channel:
        questions = {
            "ServerReady": b"",
            "ModelReady": ModelReadyRequest(name="sampler").SerializeToString(),
        }
        yes, no = b"\x08\x01", b""
        assert [says(*question) for question in questions.items()] == [yes, yes]
        with CurveClient(server.address, retry=None) as client:
            stream = client.stream(range(2**40))
            next(stream)
            server.process.terminate()
            wait_until(lambda: http_get(server, "/v2/health/ready")[0] == 503)
            assert http_get(server, "/v2/health/live") == (200, '{"live":true}')
            assert http_get(server, "/v2/models/sampler/ready")[0] == 503
            assert [says(*question) for question in questions.items()] == [no, no]
            assert says("ServerLive") == yes
            with pytest.raises(grpc.RpcError) as caught:
                says("ServerMetadata")
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        server.process.terminate()
        assert server.process.wait(timeout=10) == 0


def test_the_supervisor_loads_neither_grpc_nor_onnxruntime(pair: RunningServer):
    """It forks, which is unsafe in a process with their threads."""
    wait_until(lambda: metric(pair, "curvegan_workers") == 2)
    supervisor = Path(f"/proc/{pair.process.pid}/maps").read_text()
    worker = Path(f"/proc/{workers_of(pair)[0]}/maps").read_text()
    for library in ("cygrpc", "onnxruntime"):
        assert library in worker
        assert library not in supervisor
    assert len(list(Path(f"/proc/{pair.process.pid}/task").iterdir())) == 1
