"""HTTP connections: timeouts, and invalid data.

docs/decisions/http-protocol.md refers to these tests: they show what uvicorn alone does not do.
"""

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from serve.running import RunningServer, running_server
from tests.serve.calls.test_overload import http_connection
from tests.serve.web.test_server import INFER, ask
from tests.support.observe import metric, wait_until

GET = b"GET /v2 HTTP/1.1\r\nHost: here\r\n\r\n"
CHUNKED = b"POST %b HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
SEEDS = b'{"inputs":[{"name":"seeds","datatype":"INT64","shape":[2],"data":[1,2]}]}'


@contextmanager
def connected(server: RunningServer) -> Iterator[socket.socket]:
    host, _, port = server.http.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        yield connection


def post(path: str, body: bytes, *fields: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: here", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join([*lines, "", ""]).encode() + body


def all_of(connection: socket.socket) -> bytes:
    """Returns everything until the server closes the connection."""
    return connection.makefile("rb").read()


def trickle(connection: socket.socket, content: bytes) -> None:
    """Sends bytes one by one, with a pause after each."""
    for byte in content:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


@pytest.mark.parametrize("before", [b"", GET])
def test_a_head_that_comes_byte_by_byte_is_not_waited_for(published: Path, before: bytes):
    """For the first request of a connection, and for a later one."""
    with running_server(published, "--max-wait=0.3") as server, connected(server) as connection:
        connection.sendall(before)
        if before:
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            trickle(connection, b"GET /v2 HTTP/1.1\r\nx: " + b"y" * 10_000)


def test_a_connection_may_be_idle_for_longer_between_requests(published: Path):
    with running_server(published, "--max-wait=0.2") as server:
        connection = http.client.HTTPConnection(server.http, timeout=30)
        connection.connect()
        for _ in range(3):
            time.sleep(0.5)
            connection.sock.sendall(GET)  # http.client would open a new connection.
            response = http.client.HTTPResponse(connection.sock)
            response.begin()
            assert response.status == 200
            response.read()
        connection.close()


def test_the_rest_of_a_rejected_request_is_not_awaited(published: Path):
    options = ("--max-wait=0.3", "--max-request-bytes=1024")
    with running_server(published, *options) as server, connected(server) as connection:
        connection.sendall(post(INFER, bytes(10_000_000))[:5000])
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            trickle(connection, bytes(10_000))


def test_pipelined_requests_are_answered_in_order(server: RunningServer):
    with connected(server) as connection:
        connection.sendall(GET + post(INFER, SEEDS) + GET[:-4] + b"\r\nConnection: close\r\n\r\n")
        answers = all_of(connection)
    assert answers.count(b"HTTP/1.1 200") == 3


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        (b"garbage\r\n\r\n", {400}),
        (GET + b"\0garbage\r\n\r\n", {200, 400}),
        (post(INFER, SEEDS) + b"\0garbage\r\n\r\n", {200, 400}),
        (CHUNKED % b"/v2/repository/index" + b"1\r\n{\r\nzz\r\n", {400}),
        # The response may be sent before the garbage arrives.
        (CHUNKED % b"/nothing" + b"1\r\n{\r\nzz\r\n", {400, 404}),
        # Too late for a 400 if the response to the last request has begun.
        (post(INFER, SEEDS, "Connection: close") + b"\0garbage\r\n\r\n", {200, 400}),
        (post("/nothing", SEEDS, "Connection: close") + b"garbage\r\n\r\n", {404, 400}),
    ],
)
@pytest.mark.parametrize("pause", [0, 0.1])
def test_garbage_ends_a_connection_and_nothing_else(
    published: Path,
    capfd: pytest.CaptureFixture[str],
    sent: bytes,
    statuses: set[int],
    pause: float,
):
    with running_server(published) as server:
        with connected(server) as connection, contextlib.suppress(ConnectionError):
            connection.sendall(sent[:-11])
            time.sleep(pause)
            connection.sendall(sent[-11:])
            answer = all_of(connection)
            assert {int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]} <= statuses
        assert ask(server, "GET", "/v2")[0] == 200
        wait_until(lambda: metric(server, "curvegan_in_flight") == 0)
    logged = capfd.readouterr().err
    assert "Traceback" not in logged
    assert "ASGI" not in logged


def test_garbage_in_the_middle_of_an_answer_ends_it(
    published: Path, capfd: pytest.CaptureFixture[str]
):
    """It is too late for a 400, whether the rest of the answer waits for the client or not."""
    seeds = {"name": "seeds", "datatype": "INT64", "shape": [50_000], "data": [7] * 50_000}
    request = post(INFER, json.dumps({"inputs": [seeds]}).encode(), "Connection: close")
    with running_server(published) as server:
        for pause in (0, 0.1) * 5:
            with http_connection(server) as connection, contextlib.suppress(ConnectionError):
                connection.sendall(request)
                assert connection.recv(1000).startswith(b"HTTP/1.1 200")
                time.sleep(pause)
                connection.sendall(b"garbage\r\n\r\n")
                time.sleep(pause)
                assert not all_of(connection).endswith(b"0\r\n\r\n")
        assert ask(server, "GET", "/v2")[0] == 200
        wait_until(lambda: metric(server, "curvegan_in_flight") == 0)
    logged = capfd.readouterr().err
    assert "Traceback" not in logged
    assert "ASGI" not in logged
