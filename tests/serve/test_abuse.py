"""What strangers send: they get a status, and the server goes on."""

import pytest

from serve.client import CurveClient
from serve.process import RunningServer
from tests.commands import workers_of
from tests.serve import http2


def ends(server: RunningServer, path: bytes) -> list[http2.Frame]:
    """Calls a method by the bytes of its path; returns the frames that end the call."""
    with http2.connected(server.address) as connection:
        sent = http2.call(path) + http2.frame(
            http2.DATA, http2.message(b""), http2.END_STREAM, stream=1
        )
        connection.sendall(sent)
        frames = http2.received(connection)
        return [next(found for found in frames if found.flags & http2.END_STREAM and found.stream)]


@pytest.mark.parametrize(
    "path", [b"/\xff\xfe/\xff", b"", b"GenerateCurves", b"/a\0b/c", b"/" + b"long" * 1000]
)
def test_a_path_that_is_no_method_is_refused_and_the_server_goes_on(
    server: RunningServer, path: bytes
):
    """grpc.aio's own server ends at the first of them: it is not UTF-8."""
    workers = workers_of(server)
    (end,) = ends(server, path)
    assert b"grpc-status\x0212" in end.payload  # UNIMPLEMENTED
    with CurveClient(server.address, retry=None) as client:
        assert client.generate([1]).shape == (1, 15)
    assert workers_of(server) == workers
