"""Overload: calls over the limits are rejected with a retry delay or queued, and memory stays
limited."""

import contextlib
import http.client
import json
import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from curvegan.v1.curves_pb2 import (
    CurveSource,
    GenerateCurvesRequest,
    NoiseRows,
    SeedRange,
)
from serve.running import RunningServer, running_server
from serve.settings import MIB
from tests.soak.observe import resident
from tests.support import http2
from tests.support.commands import workers_of
from tests.support.observe import http_get, metric, own_connection, wait_until

GENERATE = "/curvegan.v1.CurveService/GenerateCurves"
STREAM = "/curvegan.v1.CurveService/StreamCurves"
# The number of curves in the largest response.
MAX_CURVES = 69_888
# Enough memory for one response of the largest size, but not for two.
MEMORY_FOR_ONE = f"--max-unsent-bytes={9 * MIB}"


def of_range(count: int) -> bytes:
    return GenerateCurvesRequest(
        source=CurveSource(range=SeedRange(count=count))
    ).SerializeToString()


def of_noise(rows: int) -> bytes:
    values = np.zeros(5 * rows, np.float32)
    source = CurveSource(noise=NoiseRows(values=values, width=5))
    return GenerateCurvesRequest(source=source).SerializeToString()


def error_of(call: grpc.Call) -> grpc.RpcError:
    """Returns the error that a call, of any kind, ends with."""
    with pytest.raises(grpc.RpcError) as caught:
        call.result()
    return caught.value


def retry_delay_of(error: grpc.RpcError) -> float:
    """Returns the retry delay in seconds, which the details and the trailer both contain."""
    metadata = dict(error.trailing_metadata())
    status = Status.FromString(metadata["grpc-status-details-bin"])
    (info,) = [found for found in status.details if found.Is(RetryInfo.DESCRIPTOR)]
    hint = RetryInfo()
    info.Unpack(hint)
    assert int(metadata["grpc-retry-pushback-ms"]) == hint.retry_delay.ToMilliseconds()
    return hint.retry_delay.ToMilliseconds() / 1000


@contextlib.contextmanager
def unread_answer(server: RunningServer, request: bytes) -> Iterator[socket.socket]:
    """Requests curves and does not read the response."""
    with http2.connected(server.address, {http2.INITIAL_WINDOW_SIZE: 0}) as connection:
        data = http2.frame(http2.DATA, http2.message(request), http2.END_STREAM, stream=1)
        connection.sendall(http2.call(GENERATE.encode()) + data)
        headers = (found for found in http2.received(connection) if found.kind == http2.HEADERS)
        next(headers)  # The response has been computed.
        yield connection


def open_unread_streams(server: RunningServer, stack: contextlib.ExitStack, count: int) -> None:
    """Opens `count` streams that are not read."""
    for _ in range(count):
        channel = stack.enter_context(own_connection(server))
        stream = channel.unary_stream(STREAM)(of_range(10**8))
        stack.callback(stream.cancel)
        next(stream)


def processor_seconds(server: RunningServer) -> float:
    """Returns the CPU time of a server's only worker."""
    (worker,) = workers_of(server)
    fields = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def http_request(rows: int, **parameters: bool) -> bytes:
    """Returns the bytes of an inference request over HTTP."""
    tensor = {"name": "seeds", "datatype": "INT64", "shape": [rows], "data": [1] * rows}
    body = json.dumps({"inputs": [tensor], "parameters": parameters}).encode()
    head = b"POST /v2/models/sampler/infer HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


@contextlib.contextmanager
def http_connection(server: RunningServer) -> Iterator[socket.socket]:
    """Yields a connection with a small receive buffer."""
    host, _, port = server.http.rpartition(":")
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(20)
        connection.connect((host, int(port)))
        yield connection


@pytest.mark.parametrize("path", [GENERATE, STREAM, "/inference.GRPCInferenceService/ModelInfer"])
def test_a_call_over_the_limit_is_rejected_at_once_with_a_retry_delay(published: Path, path: str):
    options = ("--max-calls=2", "--max-wait=600")
    with running_server(published, *options) as server, contextlib.ExitStack() as stack:
        open_unread_streams(server, stack, 2)
        channel = stack.enter_context(own_connection(server))
        error = error_of(channel.unary_stream(path)(b"garbage", timeout=20))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert error.details() == "the server is full: it has 2 calls in flight"
        assert retry_delay_of(error) == 0.1
        # Calls over gRPC and HTTP count together.
        assert http_get(server, "/v2") == (
            429,
            '{"error":"the server is full: it has 2 calls in flight"}',
        )


def test_a_call_over_the_limit_on_one_connection_is_rejected_too(published: Path):
    """It must not wait on the client's side for the other calls to end."""
    with running_server(published, "--max-calls=3") as server, own_connection(server) as channel:
        streams = [channel.unary_stream(STREAM)(of_range(10**8)) for _ in range(3)]
        for stream in streams:
            next(stream)
        error = error_of(channel.unary_unary(GENERATE).future(of_range(1), timeout=10))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert retry_delay_of(error) == 0.1
        for stream in streams:
            stream.cancel()


def test_concurrent_streams_over_the_limit_are_rejected(published: Path):
    with running_server(published, "--max-streams=8") as server, contextlib.ExitStack() as stack:
        channel = stack.enter_context(own_connection(server))
        streams = [channel.unary_stream(STREAM)(of_range(10**8)) for _ in range(40)]
        errors = []
        for stream in streams:
            stack.callback(stream.cancel)
            with contextlib.suppress(grpc.RpcError):
                next(stream)
            if not stream.is_active():
                errors.append(error_of(stream))
        assert len(errors) == 32
        for error in errors:
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert error.details() == "the server is full: it has 8 streams in flight"
            assert retry_delay_of(error) == 0.1
        assert channel.unary_unary(GENERATE)(of_range(1), timeout=10)


def test_a_stream_over_the_row_limit_is_rejected_without_retry(published: Path):
    with (
        running_server(published, "--max-stream-rows=1000") as server,
        own_connection(server) as channel,
    ):
        assert len(list(channel.unary_stream(STREAM)(of_range(1000)))) == 1
        error = error_of(channel.unary_stream(STREAM)(of_range(1001)))
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "asks for 1001 curves: a stream holds at most 1000" in error.details()
        assert dict(error.trailing_metadata())["grpc-retry-pushback-ms"] == "-1"


def test_a_compressed_request_over_the_size_limit_is_rejected(
    published: Path,
):
    with (
        running_server(published, f"--max-request-bytes={MIB}") as server,
        grpc.insecure_channel(
            server.address,
            [("grpc.max_send_message_length", -1)],
            compression=grpc.Compression.Gzip,
        ) as channel,
    ):
        before = resident(server)
        for size in (MIB + 1, 200 * MIB):
            error = error_of(channel.unary_unary(GENERATE).future(bytes(size), timeout=60))
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert resident(server) - before < 64 * MIB


def test_a_call_times_out_in_the_queue_with_a_retry_delay(published: Path):
    with (
        running_server(published, MEMORY_FOR_ONE, "--max-wait=2") as server,
        unread_answer(server, of_range(MAX_CURVES)),
        own_connection(server) as channel,
    ):
        began = time.monotonic()
        error = error_of(channel.unary_unary(GENERATE).future(of_range(MAX_CURVES), timeout=20))
        assert time.monotonic() - began >= 2
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "the call timed out after 2 s in the queue" in error.details()
        assert retry_delay_of(error) == 1.0
        # Small responses and streams need no memory from the budget.
        assert channel.unary_unary(GENERATE)(of_range(1000), timeout=10)
        assert len(list(channel.unary_stream(STREAM)(of_range(MAX_CURVES), timeout=10))) > 1


def test_a_queued_call_runs_when_the_response_before_it_was_sent(published: Path):
    with (
        running_server(published, MEMORY_FOR_ONE, "--max-wait=600") as server,
        own_connection(server) as channel,
    ):
        with unread_answer(server, of_range(MAX_CURVES)):
            waiting = channel.unary_unary(GENERATE).future(of_range(MAX_CURVES))
            with pytest.raises(grpc.FutureTimeoutError):
                waiting.result(timeout=0.5)
        assert len(waiting.result(timeout=20)) > 60 * MAX_CURVES


@pytest.mark.parametrize("deadline", [None, 5])
def test_a_cancelled_or_expired_call_leaves_the_queue(published: Path, deadline: int | None):
    with (
        running_server(published, MEMORY_FOR_ONE, "--max-wait=600") as server,
        unread_answer(server, of_range(MAX_CURVES)),
        own_connection(server) as channel,
    ):
        waiting = channel.unary_unary(GENERATE).future(of_range(MAX_CURVES), timeout=deadline)
        wait_until(lambda: metric(server, "curvegan_in_flight") == 2)
        if deadline is None:
            waiting.cancel()
        wait_until(lambda: metric(server, "curvegan_in_flight") == 1)
        codes = {None: "CANCELLED", 5: "DEADLINE_EXCEEDED"}
        assert metric(server, "curvegan_requests_total", code=codes[deadline]) == 1


def test_an_http_request_leaves_the_queue_when_its_client_disconnects(published: Path):
    with (
        running_server(published, MEMORY_FOR_ONE, "--max-wait=600") as server,
        unread_answer(server, of_range(MAX_CURVES)),
    ):
        with http_connection(server) as connection:
            connection.sendall(http_request(MAX_CURVES))
            wait_until(lambda: metric(server, "curvegan_in_flight") == 2)
        wait_until(lambda: metric(server, "curvegan_in_flight") == 1)
        assert metric(server, "curvegan_requests_total", code="CANCELLED") == 1


def test_a_cancelled_stream_stops_computing(published: Path):
    with running_server(published) as server, own_connection(server) as channel:
        stream = channel.unary_stream(STREAM)(of_range(10**8))
        for _ in range(20):
            next(stream)
        stream.cancel()
        wait_until(lambda: metric(server, "curvegan_in_flight") == 0)
        before = processor_seconds(server)
        time.sleep(1)
        assert processor_seconds(server) - before < 0.3


def test_a_stream_that_is_not_read_pauses_computing(published: Path):
    with running_server(published) as server, own_connection(server) as channel:
        stream = channel.unary_stream(STREAM)(of_range(10**6))
        next(stream)
        time.sleep(1)
        before = processor_seconds(server)
        time.sleep(1)
        assert processor_seconds(server) - before < 0.3
        assert sum(1 for _ in stream) > 50


def test_answers_over_http_that_nobody_reads_hold_little_memory_and_not_for_long(published: Path):
    """In JSON, the largest response is 20 MB."""
    with running_server(published, "--max-wait=3") as server, contextlib.ExitStack() as stack:
        before = resident(server)
        connections = [stack.enter_context(http_connection(server)) for _ in range(24)]
        with ThreadPoolExecutor(24) as threads:
            list(threads.map(lambda one: one.sendall(http_request(MAX_CURVES)), connections))
        wait_until(lambda: metric(server, "curvegan_in_flight") > 10)
        until = time.monotonic() + 2
        while time.monotonic() < until:
            assert resident(server) - before < 200 * MIB
            time.sleep(0.1)
        wait_until(lambda: metric(server, "curvegan_in_flight") == 0)


@pytest.mark.parametrize("raw", [False, True])
def test_a_large_http_response_is_complete_however_slowly_it_is_read(
    server: RunningServer, raw: bool
):
    with http_connection(server) as connection:
        connection.sendall(http_request(MAX_CURVES, binary_data_output=raw))
        time.sleep(0.5)
        response = http.client.HTTPResponse(connection)
        response.begin()
        body = response.read()
    length = int(response.headers.get("Inference-Header-Content-Length", len(body)))
    (output,) = json.loads(body[:length])["outputs"]
    assert output["shape"] == [MAX_CURVES, 15]
    if raw:
        curves = np.frombuffer(body[length:], np.float32)
    else:
        curves = np.array(output["data"], np.float32)
    assert len(curves) == 15 * MAX_CURVES
    assert (curves.reshape(MAX_CURVES, 15) == curves[:15]).all()


def test_a_queued_call_holds_its_request_in_memory_once(published: Path):
    """Not three times, as bytes, message and array."""
    request, count = of_noise(MAX_CURVES), 60
    with (
        running_server(published, MEMORY_FOR_ONE, "--max-wait=600") as server,
        unread_answer(server, of_range(MAX_CURVES)),
        contextlib.ExitStack() as stack,
    ):
        before = resident(server)
        for _ in range(count):
            channel = stack.enter_context(own_connection(server))
            stack.callback(channel.unary_unary(GENERATE).future(request).cancel)
        wait_until(lambda: metric(server, "curvegan_in_flight") == count + 1)
        wait_until(lambda: resident(server) - before < 1.5 * count * len(request))


def test_memory_is_returned_to_the_system_after_a_burst(published: Path):
    request = of_noise(MAX_CURVES)
    with running_server(published, "--max-wait=600") as server, contextlib.ExitStack() as stack:
        before = resident(server)
        channels = [stack.enter_context(own_connection(server)) for _ in range(48)]
        answers = [channel.unary_unary(GENERATE).future(request) for channel in channels]
        assert all(len(answer.result(timeout=60)) > 60 * MAX_CURVES for answer in answers)
        wait_until(lambda: resident(server) - before < 64 * MIB)


def test_expired_calls_do_not_affect_other_calls(server: RunningServer):
    """More of them, on one connection, than the limit of calls in flight."""
    with own_connection(server) as channel:
        generate = channel.unary_unary(GENERATE)
        generate(of_range(64), timeout=20)
        for _ in range(4):
            for _ in range(3):
                for call in [generate.future(of_range(64), timeout=0.001) for _ in range(300)]:
                    call.exception()
            for call in [generate.future(of_range(64), timeout=60) for _ in range(100)]:
                assert call.exception() is None
