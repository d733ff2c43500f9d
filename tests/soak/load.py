"""Clients that request a lot, all at once or without reading the responses."""

import asyncio
import contextlib
import json
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import grpc
import grpc.aio
import numpy as np

from curvegan import CurveClient
from curvegan.v1.curves_pb2 import (
    CurveSource,
    GenerateCurvesRequest,
    NoiseRows,
    SeedRange,
    StreamCurvesRequest,
)
from serve.running import RunningServer
from tests.support import http2

SERVICE = "/curvegan.v1.CurveService"
SMALL_ROWS = 16


@dataclass
class Load:
    """The results of calls: the number of responses per client, counts of errors by status, and
    the seconds that each small call took."""

    answers: list[int]
    refused: Counter[grpc.StatusCode] = field(default_factory=Counter)
    small_calls: list[float] = field(default_factory=list)


def largest_batches(server: RunningServer, clients: int, seconds: float) -> Load:
    """Repeats the largest request with the largest response, from `clients` clients at once, each
    over its own connection. One more client makes small calls."""
    with CurveClient(server.address) as client:
        model = client.model()
    noise = np.random.default_rng(0).standard_normal(model.max_rows * model.n_noise, np.float32)
    rows = NoiseRows(values=noise, width=model.n_noise)
    request = GenerateCurvesRequest(source=CurveSource(noise=rows)).SerializeToString()
    load = Load([0] * clients)

    async def ask(number: int, until: float) -> None:
        async with _channel(server) as channel:
            call = channel.unary_unary(f"{SERVICE}/GenerateCurves")
            while time.monotonic() < until:
                try:
                    await call(request, timeout=60)
                    load.answers[number] += 1
                except grpc.aio.AioRpcError as error:
                    load.refused[error.code()] += 1
                    await asyncio.sleep(0.1)

    async def make_small_calls(until: float) -> None:
        small_request = _request(SMALL_ROWS)
        async with _channel(server) as channel:
            call = channel.unary_unary(f"{SERVICE}/GenerateCurves")
            while time.monotonic() < until:
                start = time.monotonic()
                try:
                    await call(small_request, timeout=60)
                    load.small_calls.append(time.monotonic() - start)
                except grpc.aio.AioRpcError as error:
                    load.refused[error.code()] += 1
                await asyncio.sleep(0.05)

    async def attack() -> None:
        until = time.monotonic() + seconds
        await asyncio.gather(make_small_calls(until), *(ask(n, until) for n in range(clients)))

    asyncio.run(attack())
    return load


@contextlib.contextmanager
def unread_streams(server: RunningServer, count: int) -> Iterator[None]:
    """Opens `count` long streams, each over its own connection, and reads only their first
    message."""
    source = CurveSource(range=SeedRange(count=10**8))
    request = StreamCurvesRequest(source=source).SerializeToString()
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            channel = stack.enter_context(
                grpc.insecure_channel(server.address, [("grpc.use_local_subchannel_pool", 1)])
            )
            stream = channel.unary_stream(f"{SERVICE}/StreamCurves")(request)
            stack.callback(stream.cancel)
            next(stream)
        yield


@contextlib.contextmanager
def unread_answers(server: RunningServer, count: int) -> Iterator[None]:
    """Requests the largest response `count` times over gRPC and over HTTP, each over its own
    connection, and does not read it."""
    assert server.http is not None
    with CurveClient(server.address) as client:
        rows = client.model().max_rows
    tensor = {"name": "seeds", "datatype": "INT64", "shape": [rows], "data": [1] * rows}
    body = json.dumps({"inputs": [tensor]}).encode()
    head = "POST /v2/models/sampler/infer HTTP/1.1\r\nHost: here\r\nContent-Length"
    asked = f"{head}: {len(body)}\r\n\r\n".encode() + body
    host, _, port = server.http.rpartition(":")
    data = http2.frame(http2.DATA, http2.message(_request(rows)), http2.END_STREAM, stream=1)
    call = http2.call(f"{SERVICE}/GenerateCurves".encode()) + data
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            window = {http2.INITIAL_WINDOW_SIZE: 0}
            stack.enter_context(http2.connected(server.address, window)).sendall(call)
            over_http = stack.enter_context(socket.create_connection((host, int(port)), 20))
            over_http.sendall(asked)
        yield


def _request(rows: int) -> bytes:
    source = CurveSource(range=SeedRange(count=rows))
    return GenerateCurvesRequest(source=source).SerializeToString()


@contextlib.asynccontextmanager
async def _channel(server: RunningServer) -> AsyncIterator[grpc.aio.Channel]:
    """Yields a channel with its own connection."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(server.address, options) as channel:
        yield channel
