"""CurveClient where several servers stand behind one name."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from curvegan import CurveClient
from serve.running import RunningServer, running_server
from tests.support.observe import kill_server, metric, wait_until

METHOD = "curvegan.v1.CurveService/GetModel"


def port(server: RunningServer) -> str:
    return server.address.rpartition(":")[2]


def asked(server: RunningServer) -> float:
    return metric(server, "curvegan_requests_total", method=METHOD)


@pytest.fixture(scope="module")
def replica(server: RunningServer, published: Path) -> Iterator[RunningServer]:
    """A second server, on the port of the first by IPv6: `localhost` stands for both."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"this machine has no IPv6: {error.strerror}")
    with running_server(published, f"--listen=[::1]:{port(server)}") as second:
        yield second


@pytest.mark.parametrize("form", ["dns:///localhost:{}", "localhost:{}", "http://localhost:{}"])
def test_calls_go_to_all_servers_of_a_name_in_turn(
    server: RunningServer, replica: RunningServer, form: str
):
    both = (server, replica)
    with CurveClient(form.format(port(server))) as client:

        def is_shared() -> bool:
            """Whether of ten further calls each server got five."""
            before = [asked(each) for each in both]
            for _ in range(10):
                client.model()
            return [asked(each) - then for each, then in zip(both, before, strict=True)] == [5, 5]

        wait_until(is_shared)  # The second connection may come a moment after the first.


def test_calls_go_on_when_a_server_of_a_list_is_killed(server: RunningServer, published: Path):
    with running_server(published) as other:
        target = f"ipv4:127.0.0.1:{port(server)},127.0.0.1:{port(other)}"
        with CurveClient(target) as client:
            client.model()
            wait_until(lambda: client.model() and asked(other))
            stream = client.stream(range(2_000_000))
            rows = len(next(stream))
            kill_server(other)
            for _ in range(20):
                assert client.model().version == 1
            assert rows + sum(map(len, stream)) == 2_000_000
