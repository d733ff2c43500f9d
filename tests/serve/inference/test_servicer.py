"""GRPCInferenceService on a real port: invalid requests, and what Triton's client does not send."""

import grpc
import numpy as np
import pytest
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status

from curvegan import CurveClient
from serve.inference.inference_pb2 import (
    ModelConfigRequest,
    ModelInferRequest,
    ModelInferResponse,
    ModelMetadataRequest,
    ModelReadyRequest,
    ModelReadyResponse,
    ModelStatisticsRequest,
    ModelStreamInferResponse,
    RepositoryIndexRequest,
)
from serve.running import RunningServer

SERVICE = "/inference.GRPCInferenceService/"
PROBES = ("ServerLive", "ServerReady")
UNARY = (
    "ModelReady",
    "ServerMetadata",
    "ModelMetadata",
    "ModelInfer",
    "ModelConfig",
    "ModelStatistics",
    "RepositoryIndex",
)


@pytest.fixture(scope="module")
def channel(server: RunningServer):
    with grpc.insecure_channel(server.address) as connected:
        yield connected


def call(channel: grpc.Channel, method: str, request: bytes) -> bytes:
    return channel.unary_unary(SERVICE + method)(request, timeout=20)


def stream(channel: grpc.Channel, *requests: bytes) -> list[ModelStreamInferResponse]:
    answers = channel.stream_stream(SERVICE + "ModelStreamInfer")(iter(requests), timeout=20)
    return [ModelStreamInferResponse.FromString(answer) for answer in answers]


def seeds_request(seeds: list[int], **fields) -> bytes:
    given = ModelInferRequest.InferInputTensor(name="seeds", datatype="INT64", shape=[len(seeds)])
    raw = np.array(seeds, np.int64).tobytes()
    fields = {"model_name": "sampler"} | fields
    return ModelInferRequest(inputs=[given], raw_input_contents=[raw], **fields).SerializeToString()


def test_both_services_return_the_same_curves(channel, client: CurveClient):
    answer = ModelInferResponse.FromString(call(channel, "ModelInfer", seeds_request([5, -7])))
    assert answer.raw_output_contents == [client.generate([5, -7]).tobytes()]


def test_a_stream_continues_after_an_invalid_request(channel):
    first, wrong, last = stream(
        channel,
        seeds_request([1], id="a"),
        seeds_request([], id="b"),
        seeds_request([1], id="c"),
    )
    assert wrong.error_message == "inputs[0].shape is [0]: give at least one row"
    assert [answer.infer_response.id for answer in (first, wrong, last)] == ["a", "b", "c"]
    assert not first.error_message
    assert first.infer_response.raw_output_contents == last.infer_response.raw_output_contents


def test_a_stream_ends_at_a_request_that_does_not_parse(channel):
    with pytest.raises(grpc.RpcError) as caught:
        stream(channel, seeds_request([1]), b"\xff", seeds_request([1]))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("method", PROBES)
def test_probes_are_answered_whatever_is_sent(channel, method):
    assert call(channel, method, b"\xff") == call(channel, method, b"") == b"\x08\x01"


@pytest.mark.parametrize("method", UNARY)
def test_invalid_bytes_are_an_invalid_argument(channel, method):
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, method, b"\xff")
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("method", "request_", "field"),
    [
        ("ModelInfer", seeds_request([1], model_name="painter"), "model_name"),
        ("ModelInfer", seeds_request([1], model_version="2"), "model_version"),
        ("ModelMetadata", ModelMetadataRequest(name="painter"), "name"),
        ("ModelMetadata", ModelMetadataRequest(name="sampler", version="2"), "version"),
        ("ModelConfig", ModelConfigRequest(name="painter"), "name"),
        ("ModelStatistics", ModelStatisticsRequest(name="painter"), "name"),
        ("RepositoryIndex", RepositoryIndexRequest(repository_name="museum"), "repository_name"),
    ],
)
def test_an_unknown_model_or_version_is_not_found_and_named(channel, method, request_, field):
    content = request_ if isinstance(request_, bytes) else request_.SerializeToString()
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, method, content)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    status = Status.FromString(dict(caught.value.trailing_metadata())["grpc-status-details-bin"])
    details = BadRequest()
    assert status.details[0].Unpack(details)
    assert details.field_violations[0].field == field


def test_an_unknown_model_or_version_is_not_ready(channel):
    request = ModelReadyRequest(name="sampler", version="2").SerializeToString()
    assert not ModelReadyResponse.FromString(call(channel, "ModelReady", request)).ready


def test_more_curves_than_fit_into_a_response_are_rejected(channel):
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, "ModelInfer", seeds_request(list(range(100_001))))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "inputs[0].shape" in caught.value.details()
