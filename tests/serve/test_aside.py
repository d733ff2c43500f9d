"""gRPC's health and reflection take whatever is sent, and speak of nothing but what they offer."""

from collections.abc import Iterator

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_reflection.v1alpha.reflection_pb2 import (
    ServerReflectionRequest,
    ServerReflectionResponse,
)

from serve.process import RunningServer

HEALTH = "/grpc.health.v1.Health"
REFLECTION = f"/{reflection.SERVICE_NAME}/ServerReflectionInfo"
OFFERED = {
    "curvegan.v1.CurveService",
    "inference.GRPCInferenceService",
    "grpc.health.v1.Health",
    "grpc.reflection.v1alpha.ServerReflection",
}
COMPRESSIONS = (grpc.Compression.Gzip, grpc.Compression.Deflate)


@pytest.fixture(scope="module")
def channel(server: RunningServer) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.address) as connected:
        yield connected


def call(channel: grpc.Channel, method: str, *messages: bytes) -> list[bytes]:
    """Calls a method of any kind; of a watch, until the first answer."""
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


@pytest.mark.parametrize("method", [f"{HEALTH}/Check", f"{HEALTH}/Watch", REFLECTION])
@pytest.mark.parametrize(
    "garbage", [b"\xff", b"garbage", b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x01\xff"]
)
def test_bytes_that_do_not_parse_are_an_invalid_argument(channel, method: str, garbage: bytes):
    error = error_of(channel, method, garbage)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details() == "request does not parse"


@pytest.mark.parametrize("method", [f"{HEALTH}/Check", f"{HEALTH}/Watch"])
def test_an_empty_message_asks_for_the_whole_server(channel, method: str):
    assert call(channel, method, b"") == [b"\x08\x01"]


def test_an_empty_reflection_request_is_answered_as_one_that_is_wrong(channel):
    (answer,) = call(channel, REFLECTION, b"")
    error = ServerReflectionResponse.FromString(answer).error_response
    assert error.error_code == grpc.StatusCode.INVALID_ARGUMENT.value[0]


def test_reflection_lists_what_is_offered(channel):
    (answer,) = call(
        channel, REFLECTION, ServerReflectionRequest(list_services="").SerializeToString()
    )
    listed = ServerReflectionResponse.FromString(answer).list_services_response.service
    assert {service.name for service in listed} == OFFERED


def test_the_health_of_an_unknown_service_is_not_found(channel):
    stub = health_pb2_grpc.HealthStub(channel)
    request = health_pb2.HealthCheckRequest(service="painter")
    with pytest.raises(grpc.RpcError) as caught:
        stub.Check(request, timeout=20)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    watch = stub.Watch(request, timeout=20)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    watch.cancel()


@pytest.mark.parametrize("service", sorted(OFFERED))
@pytest.mark.parametrize("method", ["Paint", "", "Check/Check", "check"])
def test_what_is_not_offered_is_unimplemented(channel, service: str, method: str):
    error = error_of(channel, f"/{service}/{method}", b"")
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert error.details() == "there is no such method"


@pytest.mark.parametrize("method", ["/painter.Painter/Paint", "/", "//", f"{HEALTH}/List"])
def test_unknown_services_and_methods_are_unimplemented(channel, method: str):
    assert error_of(channel, method, b"").code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_compressed_messages_are_understood(server: RunningServer, compression: grpc.Compression):
    with grpc.insecure_channel(server.address, compression=compression) as channel:
        request = health_pb2.HealthCheckRequest(service="curvegan.v1.CurveService")
        check = health_pb2_grpc.HealthStub(channel).Check(request, timeout=20)
    assert check.status == health_pb2.HealthCheckResponse.SERVING
