"""CurveClient where several servers stand behind one name, or in a list."""

import itertools
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from curvegan import CurveClient
from curvegan.engine import Engine
from serve.running import RunningServer, running_server
from tests.curvegan.client.replicas.name_server import NameServer
from tests.support.observe import kill_server, metric, wait_until

SERVICE = "curvegan.v1.CurveService"


def port(server: RunningServer) -> str:
    return server.address.rpartition(":")[2]


def asked(server: RunningServer, method: str = "GetModel") -> float:
    return metric(server, "curvegan_requests_total", method=f"{SERVICE}/{method}")


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


@pytest.fixture
def servers(published: Path) -> Iterator[list[RunningServer]]:
    """Three servers."""
    with ExitStack() as stack:
        yield [stack.enter_context(running_server(published)) for _ in range(3)]


def test_nothing_is_lost_when_a_server_of_a_list_is_killed_under_load(
    servers: list[RunningServer], engine: Engine
):
    target = f"ipv4:{','.join(server.address for server in servers)}"
    stop = threading.Event()

    def check(curves: npt.NDArray[np.float32], first: int) -> None:
        seeds = np.arange(first, first + len(curves))
        assert curves.tobytes() == engine.curves_from_seeds(seeds).tobytes()

    def load(seed: int) -> None:
        """Asks for seeds in hundreds, from `seed` on."""
        while not stop.is_set():
            curves = client.generate(range(seed, seed + 100))
            assert len(curves) == 100
            check(curves, seed)
            seed += 100

    with CurveClient(target) as client, ThreadPoolExecutor() as pool:
        stream = client.stream(range(2_000_000))
        first = next(stream)
        (streaming,) = [server for server in servers if metric(server, "curvegan_in_flight")]
        loads = [pool.submit(load, 10_000_000 * n) for n in range(4)]
        try:
            wait_until(lambda: all(asked(server, "GenerateCurves") for server in servers))
            kill_server(streaming)
            rows = 0
            for piece in itertools.chain([first], stream):
                check(piece, rows)
                rows += len(piece)
            assert rows == 2_000_000
        finally:
            stop.set()
        for each in loads:
            each.result()


@contextmanager
def beside(server: RunningServer, models: Path) -> Iterator[RunningServer]:
    """Runs a server on the port of another, at 127.0.0.2: what pods are to a name."""
    with running_server(models, f"--listen=127.0.0.2:{port(server)}") as second:
        yield second


def test_servers_that_were_all_replaced_are_found_by_their_name(published: Path):
    with (
        running_server(published) as old,
        beside(old, published),
        NameServer("127.0.0.1") as names,
        CurveClient(f"dns://127.0.0.1:{names.port}/curves.test:{port(old)}") as client,
    ):
        client.model()
        names.addresses = ["127.0.0.2"]
        old.process.terminate()
        old.process.wait()
        assert client.model().version == 1


def test_a_server_that_joins_a_name_is_found_when_connections_end_of_age(published: Path):
    with (
        running_server(published, "--max-connection-age=1") as first,
        beside(first, published) as joined,
        NameServer("127.0.0.1") as names,
        CurveClient(f"dns://127.0.0.1:{names.port}/curves.test:{port(first)}") as client,
    ):
        client.model()
        names.addresses = ["127.0.0.1", "127.0.0.2"]
        wait_until(lambda: client.model() and asked(joined))
