"""More than a server takes upon itself: refused at once with a hint, made to wait, or held in
bounded memory."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from curvegan.v1.curves_pb2 import (
    CurveSource,
    GenerateCurvesRequest,
    NoiseRows,
    SeedRange,
)
from serve.process import RunningServer, running_server
from serve.settings import MIB
from tests.serve import http2
from tests.serve.observe import metric, own_connection, wait_until
from tests.soak.observe import resident

GENERATE = "/curvegan.v1.CurveService/GenerateCurves"
STREAM = "/curvegan.v1.CurveService/StreamCurves"
# Curves of the largest answer.
MOST = 69_888
# Memory for one largest answer and no second.
ROOM_FOR_ONE = f"--max-unsent-bytes={9 * MIB}"


def of_range(count: int) -> bytes:
    return GenerateCurvesRequest(
        source=CurveSource(range=SeedRange(count=count))
    ).SerializeToString()


def of_noise(rows: int) -> bytes:
    values = np.zeros(5 * rows, np.float32)
    source = CurveSource(noise=NoiseRows(values=values, width=5))
    return GenerateCurvesRequest(source=source).SerializeToString()


def hint_of(error: grpc.RpcError) -> float:
    """Returns in how many seconds to come again, as both the details and the trailer say."""
    metadata = dict(error.trailing_metadata())
    status = Status.FromString(metadata["grpc-status-details-bin"])
    (info,) = [found for found in status.details if found.Is(RetryInfo.DESCRIPTOR)]
    hint = RetryInfo()
    info.Unpack(hint)
    assert int(metadata["grpc-retry-pushback-ms"]) == hint.retry_delay.ToMilliseconds()
    return hint.retry_delay.ToMilliseconds() / 1000


@contextlib.contextmanager
def unread_answer(server: RunningServer, request: bytes) -> Iterator[socket.socket]:
    """Has asked for curves, and takes nothing of the answer."""
    with http2.connected(server.address, {http2.INITIAL_WINDOW_SIZE: 0}) as connection:
        data = http2.frame(http2.DATA, http2.message(request), http2.END_STREAM, stream=1)
        connection.sendall(http2.call(GENERATE.encode()) + data)
        headers = (found for found in http2.received(connection) if found.kind == http2.HEADERS)
        next(headers)  # Its answer is made.
        yield connection


def test_a_call_that_waits_for_its_turn_holds_its_request_once(published: Path):
    """Not its bytes, the message and the array of each."""
    request, count = of_noise(MOST), 60
    with (
        running_server(published, ROOM_FOR_ONE, "--max-wait=60") as server,
        unread_answer(server, of_range(MOST)),
        contextlib.ExitStack() as stack,
    ):
        before = resident(server)
        for _ in range(count):
            channel = stack.enter_context(own_connection(server))
            stack.callback(channel.unary_unary(GENERATE).future(request).cancel)
        wait_until(lambda: metric(server, "curvegan_in_flight") == count + 1)
        wait_until(lambda: resident(server) - before < 1.5 * count * len(request), seconds=5)


def test_memory_that_a_burst_leaves_free_is_given_back(published: Path):
    request = of_noise(MOST)
    with running_server(published) as server, contextlib.ExitStack() as stack:
        before = resident(server)
        channels = [stack.enter_context(own_connection(server)) for _ in range(48)]
        answers = [channel.unary_unary(GENERATE).future(request) for channel in channels]
        assert all(len(answer.result(timeout=60)) > 60 * MOST for answer in answers)
        wait_until(lambda: resident(server) - before < 64 * MIB, seconds=5)
