"""The lifetime of gRPC connections, and keepalive pings."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest

from curvegan import CurveClient
from curvegan.v1.curves_pb2 import (
    CurveSource,
    GenerateCurvesRequest,
    SeedRange,
    StreamCurvesRequest,
    StreamCurvesResponse,
)
from serve.inference.inference_pb2 import ModelInferRequest, ModelStreamInferResponse
from serve.running import RunningServer, running_server
from tests.support import http2
from tests.support.observe import standard_error_in, wait_until

GENERATE = "curvegan.v1.CurveService/GenerateCurves"
STREAM_INFER = "inference.GRPCInferenceService/ModelStreamInfer"


def up_to(frames: Iterator[http2.Frame], kind: int, flag: int = 0) -> list[http2.Frame]:
    """Returns the frames up to the first with this kind and flag."""
    found = []
    for frame in frames:
        found.append(frame)
        if frame.kind == kind and frame.flags & flag == flag:
            return found
    pytest.fail(f"the connection ended after {found}")


def test_pings_every_ten_seconds_are_allowed_and_a_flood_is_not(server: RunningServer):
    """With and without a call in flight. gRPC tolerates two early pings: they are used up first."""
    ping = http2.frame(http2.PING, b"there?!?")
    with http2.connected(server.address) as idle, http2.connected(server.address) as calling:
        calling.sendall(http2.call(f"/{STREAM_INFER}".encode()))
        connections = [(one, http2.received(one, seconds=20)) for one in (idle, calling)]
        for connection, frames in connections:
            for _ in range(3):
                connection.sendall(ping)
                up_to(frames, http2.PING, http2.ACK)
        time.sleep(10)
        for connection, frames in connections:
            check = http2.frame(http2.DATA, http2.message(b""), http2.END_STREAM, stream=3)
            connection.sendall(ping + http2.call(b"/grpc.health.v1.Health/Check", 3) + check)
            answer = up_to(frames, http2.HEADERS, http2.END_STREAM)
            assert not [frame for frame in answer if frame.kind == http2.GOAWAY]
            connection.sendall(100 * ping)
            assert up_to(frames, http2.GOAWAY)[-1].payload.endswith(b"too_many_pings")


def seeds(count: int) -> CurveSource:
    return CurveSource(range=SeedRange(count=count))


class Callers:
    """Clients that make calls until `stop`, each over its own connection."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._stop = threading.Event()

    def stop(self) -> None:
        self._stop.set()

    def _channel(self) -> grpc.Channel:
        return grpc.insecure_channel(self._address, [("grpc.use_local_subchannel_pool", 1)])

    def call(self, n_curves: int) -> int:
        """Makes calls, several at a time. Returns how many succeeded."""
        request = GenerateCurvesRequest(source=seeds(n_curves)).SerializeToString()
        succeeded = 0
        with self._channel() as channel:
            generate = channel.unary_unary(f"/{GENERATE}")
            while not self._stop.is_set():
                for call in [generate.future(request, timeout=60) for _ in range(8)]:
                    call.result()
                    succeeded += 1
        return succeeded

    def converse(self) -> tuple[int, int]:
        """Sends requests in a stream. Returns how many succeeded, and how many were sent."""
        sent = 0

        def requests() -> Iterator[bytes]:
            nonlocal sent
            while not self._stop.wait(0.01):
                sent += 1
                yield request

        tensor = ModelInferRequest.InferInputTensor(name="seeds", datatype="INT64", shape=[1])
        request = ModelInferRequest(
            model_name="sampler", inputs=[tensor], raw_input_contents=[bytes(8)]
        ).SerializeToString()
        with self._channel() as channel:
            answers = channel.stream_stream(f"/{STREAM_INFER}")(requests(), timeout=60)
            wrong = [
                ModelStreamInferResponse.FromString(answer).error_message for answer in answers
            ]
        return wrong.count(""), sent

    def read_slowly(self, n_curves: int) -> int:
        """Reads a stream, most of it only after `stop`. Returns the number of curves."""
        request = StreamCurvesRequest(source=seeds(n_curves)).SerializeToString()
        with self._channel() as channel:
            stream = channel.unary_stream("/curvegan.v1.CurveService/StreamCurves")(
                request, timeout=60
            )
            read = 0
            for message in stream:
                answer = StreamCurvesResponse.FromString(message)
                read += len(answer.values) // answer.n_points
                self._stop.wait()
        return read


def test_old_connections_move_to_other_workers_and_no_call_fails(published: Path, tmp_path: Path):
    log = tmp_path / "log"
    options = ("--workers=2", "--max-connection-age=0.3", "--access-log", "--log-format=json")
    n_curves = (3, 4, 5)  # One number per connection, to tell them apart in the log.

    def all_have_reached_both_workers() -> bool:
        met = defaultdict(set)
        for line in log.read_text().rpartition("\n")[0].splitlines():
            entry = json.loads(line)
            if entry.get("method") == GENERATE:
                met[entry["rows"]].add(entry["process"])
        time.sleep(0.2)
        return all(len(met[count]) == 2 for count in n_curves)

    with (
        standard_error_in(log),
        running_server(published, *options) as server,
        ThreadPoolExecutor() as threads,
        ExitStack() as stack,
    ):
        callers = Callers(server.address)
        stack.callback(callers.stop)
        calling = [threads.submit(callers.call, count) for count in n_curves]
        conversation = threads.submit(callers.converse)
        stream = threads.submit(callers.read_slowly, 1_000_000)
        wait_until(all_have_reached_both_workers)
        callers.stop()
        assert all(calls.result() for calls in calling)
        answered, asked = conversation.result()
        assert answered == asked > 0
        assert stream.result() == 1_000_000


def test_the_longest_times_that_can_be_set_are_accepted(published: Path):
    """They are more milliseconds than gRPC's integers can represent."""
    times = ("grace", "max-wait", "max-idle", "max-connection-age")
    with (
        running_server(published, *(f"--{name}={365 * 24 * 3600}" for name in times)) as server,
        CurveClient(server.address, retry=None) as client,
    ):
        assert client.generate([1]).shape == (1, 15)
