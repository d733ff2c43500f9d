"""Probes always get a response, and do not use up the limit of calls."""

import contextlib
from pathlib import Path

from curvegan import CurveClient
from serve.running import running_server
from tests.serve.calls.test_overload import open_unread_streams
from tests.support import http2
from tests.support.observe import own_connection

LIVE = "/inference.GRPCInferenceService/ServerLive"


def test_a_full_server_still_reports_that_it_is_live(published: Path):
    with (
        running_server(published, "--max-calls=2") as server,
        contextlib.ExitStack() as stack,
        own_connection(server) as channel,
    ):
        open_unread_streams(server, stack, 2)
        assert channel.unary_unary(LIVE)(b"", timeout=20) == b"\x08\x01"


def test_probes_that_never_end_do_not_use_up_the_limit(published: Path):
    with (
        running_server(published, "--max-calls=4", "--max-wait=60") as server,
        contextlib.ExitStack() as stack,
        CurveClient(server.address, retry=None) as client,
    ):
        for _ in range(20):
            connection = stack.enter_context(
                http2.connected(server.address, {http2.INITIAL_WINDOW_SIZE: 0})
            )
            connection.sendall(http2.call(LIVE.encode()))
        for _ in range(5):
            assert client.generate([1]).shape == (1, 15)
