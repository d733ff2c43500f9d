"""Ray for commands: their signals stay theirs, and a wrong address is refused at once."""

import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from curvegan.command.ray_cluster import connected, reason
from curvegan.errors import CurveganError
from tests.support.commands import error_line, try_command

import ray  # isort: skip  (after ray_cluster, which sees to its reports)
from ray.cluster_utils import Cluster  # isort: skip

pytestmark = [pytest.mark.timeout(120), pytest.mark.cluster]


@pytest.fixture
def other_server() -> Iterator[str]:
    """The address of a gRPC server that is not a head's, as that of Ray's client is."""
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None)


def test_sigterm_stays_the_command_s():
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), connected(None):
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_sigterm_while_ray_starts_has_the_code_of_sigterm(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ray, "init", lambda *_, **__: sys.exit(signal.SIGTERM))  # As Ray does then.
    with pytest.raises(SystemExit) as raised:
        connected(None).__enter__()
    assert raised.value.code == 128 + signal.SIGTERM


def test_a_search_does_not_take_what_another_started_for_itself(tmp_path: Path):
    with connected(None):
        address = ray.get_runtime_context().gcs_address
        done = try_command("train", "search", "--ray", address, cwd=tmp_path)
    expected = f"error: Ray at {address} is what another command started for itself, "
    assert error_line(done).startswith(expected)
    assert not list(tmp_path.iterdir())


def test_a_search_that_can_not_connect_leaves_nothing(other_server: str, tmp_path: Path):
    done = try_command("train", "search", "--ray", other_server, cwd=tmp_path)
    assert error_line(done).startswith(f"error: {other_server} has the wrong port: give host:port,")
    assert not list(tmp_path.iterdir())


def test_the_port_of_a_head_is_not_that_of_ray_s_client(cluster: Cluster):
    with (
        pytest.raises(CurveganError, match=r"^ray://\S+ has the wrong port: "),
        connected(f"ray://{cluster.address}"),
    ):
        pass


def test_a_url_is_not_an_address():
    with pytest.raises(CurveganError, match=r"^'http://head:6379' is not a Ray cluster's address"):
        connected("http://head:6379").__enter__()


def test_what_is_wrong_with_a_task_is_said_without_the_name_of_its_error():
    error = RuntimeError("Traceback:\n  ...\ncurvegan.errors.CurveganError: can't write x\n")
    assert reason(error) == "can't write x"
