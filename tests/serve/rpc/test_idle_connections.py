"""Idle connections are closed, and do not shut out other clients."""

import contextlib
import resource
import socket
from pathlib import Path

from serve.running import RunningServer, running_server
from tests.serve.calls.test_overload import GENERATE, http_connection, of_range
from tests.support import http2
from tests.support.observe import http_get, own_connection


def test_connections_that_are_idle_are_closed(published: Path):
    with (
        running_server(published, "--max-idle=0.4") as server,
        http2.connected(server.address) as connection,
        http_connection(server) as other,
    ):
        assert any(found.kind == http2.GOAWAY for found in http2.received(connection))
        assert other.recv(1) == b""


def test_connections_that_do_not_speak_http2_are_closed(server: RunningServer):
    host, _, port = server.address.rpartition(":")
    with contextlib.ExitStack() as stack:
        connections = [
            stack.enter_context(socket.create_connection((host, int(port)), timeout=30))
            for _ in range(3)
        ]
        for connection, begun in zip(connections, (b"", b"PRI * HT", http2.PREFACE), strict=True):
            connection.sendall(begun)
        for connection in connections:
            while connection.recv(65536):
                pass


def test_many_idle_connections_shut_nobody_out(published: Path):
    """Even if the soft limit of open files is low."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        starting = running_server(published)
        server = starting.__enter__()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with contextlib.ExitStack() as stack:
        stack.push(starting)
        for _ in range(150):
            stack.enter_context(http2.connected(server.address))
            stack.enter_context(http_connection(server))
        with own_connection(server) as channel:
            assert channel.unary_unary(GENERATE)(of_range(1), timeout=10)
        assert http_get(server, "/healthz") == (200, "ok\n")
