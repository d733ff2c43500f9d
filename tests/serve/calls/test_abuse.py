"""Malicious requests: they get a status, and the server keeps running."""

from pathlib import Path

import pytest

from curvegan import CurveClient
from serve.running import RunningServer, running_server
from tests.soak.garbage import PATH, half_requests
from tests.support import http2
from tests.support.commands import workers_of
from tests.support.observe import http_get, wait_until


def ends(server: RunningServer, path: bytes, *, finished: bool = True) -> list[http2.Frame]:
    """Calls the method `path`, without a request unless `finished`. Returns the last frame."""
    with http2.connected(server.address) as connection:
        request = http2.frame(http2.DATA, http2.message(b""), http2.END_STREAM, stream=1)
        connection.sendall(http2.call(path) + request * finished)
        frames = http2.received(connection)
        return [next(found for found in frames if found.flags & http2.END_STREAM and found.stream)]


@pytest.mark.parametrize(
    "path", [b"/\xff\xfe/\xff", b"", b"GenerateCurves", b"/a\0b/c", b"/" + b"long" * 1000]
)
def test_an_invalid_path_is_rejected_and_the_server_keeps_running(
    server: RunningServer, path: bytes
):
    """The first one, which is not UTF-8, would end grpc.aio's own server."""
    workers = workers_of(server)
    (end,) = ends(server, path)
    assert b"grpc-status\x0212" in end.payload  # UNIMPLEMENTED
    with CurveClient(server.address, retry=None) as client:
        assert client.generate([1]).shape == (1, 15)
    assert workers_of(server) == workers


def test_requests_that_never_end_do_not_use_up_the_limit(published: Path):
    with (
        running_server(published, "--max-calls=4", "--max-wait=2") as server,
        half_requests(server, 20),
        CurveClient(server.address) as client,
    ):
        assert client.generate([1]).shape == (1, 15)
        wait_until(lambda: http_get(server, "/v2")[0] == 200)


def test_an_incomplete_request_gets_deadline_exceeded(published: Path):
    with running_server(published, "--max-wait=0.2") as server:
        (end,) = ends(server, PATH, finished=False)
        assert b"grpc-status\x014" in end.payload  # DEADLINE_EXCEEDED
