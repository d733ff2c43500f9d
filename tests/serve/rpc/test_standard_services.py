"""gRPC's health and reflection: valid and invalid requests, and their limits."""

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.reflection_pb2 import (
    ServerReflectionRequest,
    ServerReflectionResponse,
)

from curvegan import CurveClient
from serve.running import RunningServer, running_server
from tests.support import http2

HEALTH = "/grpc.health.v1.Health"
REFLECTIONS = [
    f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
    for version in ("v1", "v1alpha")
]
SERVICES = {
    "curvegan.v1.CurveService",
    "inference.GRPCInferenceService",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
}
COMPRESSIONS = (grpc.Compression.Gzip, grpc.Compression.Deflate)


@pytest.fixture(scope="module")
def channel(server: RunningServer) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.address) as connected:
        yield connected


def call(channel: grpc.Channel, method: str, *messages: bytes) -> list[bytes]:
    """Calls a method of any kind. Returns the responses; of Watch, only the first."""
    answers = channel.stream_stream(method)(iter(messages), timeout=20)
    if method.endswith("/Watch"):
        first = next(answers)
        answers.cancel()
        return [first]
    return list(answers)


def error_of(channel: grpc.Channel, method: str, *messages: bytes) -> grpc.Call:
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, method, *messages)
    return caught.value


@pytest.mark.parametrize("method", [f"{HEALTH}/Check", f"{HEALTH}/Watch", *REFLECTIONS])
@pytest.mark.parametrize(
    "garbage", [b"\xff", b"garbage", b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x01\xff"]
)
def test_invalid_bytes_are_an_invalid_argument(channel, method: str, garbage: bytes):
    error = error_of(channel, method, garbage)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details() == "request does not parse"


@pytest.mark.parametrize("method", [f"{HEALTH}/Check", f"{HEALTH}/Watch"])
def test_an_empty_message_asks_for_the_whole_server(channel, method: str):
    assert call(channel, method, b"") == [b"\x08\x01"]


@pytest.mark.parametrize("method", REFLECTIONS)
def test_an_empty_reflection_request_gets_an_error_response(channel, method: str):
    (answer,) = call(channel, method, b"")
    error = ServerReflectionResponse.FromString(answer).error_response
    assert error.error_code == grpc.StatusCode.INVALID_ARGUMENT.value[0]


@pytest.mark.parametrize("method", REFLECTIONS)
def test_reflection_lists_all_services(channel, method: str):
    (answer,) = call(channel, method, ServerReflectionRequest(list_services="").SerializeToString())
    listed = ServerReflectionResponse.FromString(answer).list_services_response.service
    assert {service.name for service in listed} == SERVICES


@pytest.mark.parametrize("method", REFLECTIONS)
def test_reflection_describes_each_service_that_it_lists(channel, method: str):
    requests = [
        ServerReflectionRequest(file_containing_symbol=name).SerializeToString()
        for name in sorted(SERVICES)
    ]
    described = set()
    for answer in call(channel, method, *requests):
        pool = DescriptorPool()
        files = ServerReflectionResponse.FromString(answer).file_descriptor_response
        for content in reversed(
            files.file_descriptor_proto
        ):  # Dependencies come last in the response, and must be added first.
            pool.AddSerializedFile(content)
        file = pool.FindFileByName(
            FileDescriptorProto.FromString(files.file_descriptor_proto[0]).name
        )
        described |= {service.full_name for service in file.services_by_name.values()}
    assert described == SERVICES


def test_the_health_of_an_unknown_service_is_not_found(channel):
    stub = health_pb2_grpc.HealthStub(channel)
    request = health_pb2.HealthCheckRequest(service="painter")
    with pytest.raises(grpc.RpcError) as caught:
        stub.Check(request, timeout=20)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    watch = stub.Watch(request, timeout=20)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    watch.cancel()


@pytest.mark.parametrize("service", sorted(SERVICES))
@pytest.mark.parametrize("method", ["Paint", "", "Check/Check", "check"])
def test_unimplemented_methods_of_known_services_are_unimplemented(
    channel, service: str, method: str
):
    error = error_of(channel, f"/{service}/{method}", b"")
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert error.details() == "there is no such method"


@pytest.mark.parametrize("method", ["/painter.Painter/Paint", "/", "//", f"{HEALTH}/List"])
def test_unknown_services_and_methods_are_unimplemented(channel, method: str):
    assert error_of(channel, method, b"").code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_compressed_messages_are_accepted(server: RunningServer, compression: grpc.Compression):
    with grpc.insecure_channel(server.address, compression=compression) as channel:
        request = health_pb2.HealthCheckRequest(service="curvegan.v1.CurveService")
        check = health_pb2_grpc.HealthStub(channel).Check(request, timeout=20)
    assert check.status == health_pb2.HealthCheckResponse.SERVING


def test_a_watcher_that_does_not_read_does_not_delay_the_shutdown(published: Path):
    """grpcio's own servicer would wait for it, and the server would go on accepting calls."""
    with (
        running_server(published) as server,
        http2.connected(server.address, {http2.INITIAL_WINDOW_SIZE: 0}) as connection,
        http2.connected(server.address) as other,
    ):
        for watcher in (connection, other):
            data = http2.frame(http2.DATA, http2.message(b""), http2.END_STREAM, stream=1)
            watcher.sendall(http2.call(f"{HEALTH}/Watch".encode()) + data)
            frames = http2.received(watcher)
            next(frame for frame in frames if frame.kind == http2.HEADERS)
        server.process.send_signal(signal.SIGTERM)
        not_serving = http2.frame(http2.DATA, http2.message(b"\x08\x02"), stream=1)  # NOT_SERVING
        assert any(frame.payload == not_serving[9:] for frame in frames)
        assert server.process.wait(timeout=10) == 0


def test_incomplete_requests_are_limited_in_number_and_time(published: Path):
    """They need no token, and may be as large as other requests."""
    with (
        running_server(published, "--max-wait=5") as server,
        contextlib.ExitStack() as stack,
        CurveClient(server.address) as client,
    ):
        connections = [stack.enter_context(http2.connected(server.address)) for _ in range(80)]
        begun = http2.frame(http2.DATA, http2.message(b"x", length=1000), stream=1)
        for connection in connections:
            connection.sendall(http2.call(f"{HEALTH}/Check".encode()) + begun)
        assert client.generate([1]).shape == (1, 15)
        ends = [
            next(
                frame.payload
                for frame in http2.received(connection)
                if frame.kind == http2.HEADERS and frame.flags & http2.END_STREAM
            )
            for connection in connections
        ]
        exhausted, expired = b"grpc-status\x018", b"grpc-status\x014"
        assert sum(exhausted in end for end in ends) == 80 - 64
        assert sum(expired in end for end in ends) == 64
        with grpc.insecure_channel(server.address) as channel:
            assert call(channel, f"{HEALTH}/Check", b"") == [b"\x08\x01"]
