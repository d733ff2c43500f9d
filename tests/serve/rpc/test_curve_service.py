"""CurveService on a real port: responses, and the status code and field of invalid requests."""

from dataclasses import asdict

import grpc
import numpy as np
import pytest
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status

from curvegan import Model
from curvegan.engine import Engine
from curvegan.v1 import curves_pb2
from curvegan.v1.curves_pb2 import (
    CurveSource,
    GenerateCurvesRequest,
    GenerateCurvesResponse,
    GetModelRequest,
    NoiseRows,
    SeedList,
    SeedRange,
    StreamCurvesRequest,
    StreamCurvesResponse,
)
from serve.running import RunningServer
from serve.settings import Limits

SERVICE = "/curvegan.v1.CurveService/"
MAX_SEED = 2**63 - 1


@pytest.fixture(scope="module")
def channel(server: RunningServer):
    """A channel with the default limits that every gRPC client has."""
    with grpc.insecure_channel(server.address) as connected:
        yield connected


def call(channel: grpc.Channel, method: str, request: bytes) -> bytes:
    """Calls a unary method, bytes to bytes."""
    return channel.unary_unary(SERVICE + method)(request, timeout=20)


def stream(channel: grpc.Channel, request: bytes) -> list[StreamCurvesResponse]:
    answers = channel.unary_stream(SERVICE + "StreamCurves")(request, timeout=20)
    return [StreamCurvesResponse.FromString(answer) for answer in answers]


def error_of(channel: grpc.Channel, method: str, request: bytes) -> tuple[grpc.Call, str]:
    """The error that a call ends with, and the field that its details name."""
    with pytest.raises(grpc.RpcError) as caught:
        stream(channel, request) if method == "StreamCurves" else call(channel, method, request)
    error = caught.value
    metadata = dict(error.trailing_metadata())
    status = Status.FromString(metadata["grpc-status-details-bin"])
    assert status.code == error.code().value[0]
    assert status.message == error.details()
    bad_request = BadRequest()
    assert status.details[0].Unpack(bad_request)
    return error, bad_request.field_violations[0].field


def generate(channel: grpc.Channel, source: CurveSource) -> GenerateCurvesResponse:
    request = GenerateCurvesRequest(source=source)
    return GenerateCurvesResponse.FromString(
        call(channel, "GenerateCurves", request.SerializeToString())
    )


def test_a_list_and_a_range_of_the_same_seeds_give_the_same_bytes(channel):
    seeds = generate(channel, CurveSource(seeds=SeedList(values=range(-3, 7))))
    range_ = generate(channel, CurveSource(range=SeedRange(first=-3, count=10)))
    assert (seeds.version, seeds.n_points, len(seeds.values)) == (1, 15, 150)
    assert seeds.SerializeToString() == range_.SerializeToString()


def test_a_stream_gives_the_bytes_of_a_unary_call_in_order(channel):
    count = 60_000
    source = CurveSource(range=SeedRange(first=5, count=count))
    whole = np.array(generate(channel, source).values)
    answers = stream(channel, StreamCurvesRequest(source=source).SerializeToString())
    assert len(answers) > 1
    rows = [len(answer.values) // answer.n_points for answer in answers]
    assert [answer.first_row for answer in answers] == [0, *np.cumsum(rows)[:-1]]
    assert np.concatenate([np.array(answer.values) for answer in answers]).tobytes() == (
        whole.tobytes()
    )


def test_the_last_seed_can_be_requested(channel):
    one = generate(channel, CurveSource(seeds=SeedList(values=[MAX_SEED])))
    last = generate(channel, CurveSource(range=SeedRange(first=MAX_SEED - 1, count=2)))
    assert last.values[15:] == one.values


def test_a_row_of_noise_gives_a_curve(channel):
    noise = np.random.default_rng(0).standard_normal((4, 5), np.float32)
    answer = generate(channel, CurveSource(noise=NoiseRows(values=noise.ravel(), width=5)))
    assert len(answer.values) == 4 * 15


@pytest.mark.parametrize("size", [1e7, 3.4e38, 1e-45])
def test_any_finite_noise_gives_a_curve(channel, engine: Engine, size: float):
    noise = np.full((1, 5), size, np.float32)
    response = generate(channel, CurveSource(noise=NoiseRows(values=noise.ravel(), width=5)))
    assert np.array(response.values, np.float32).tobytes() == (
        engine.curves_from_noise(noise).tobytes()
    )


def test_the_largest_response_fits_the_default_limit_of_clients(channel):
    model = curves_pb2.GetModelResponse.FromString(call(channel, "GetModel", b""))
    largest = generate(channel, CurveSource(range=SeedRange(first=0, count=model.max_rows)))
    assert len(largest.values) == 15 * model.max_rows
    assert largest.ByteSize() <= Limits().max_answer_bytes


WRONG_SOURCES = {
    "no source": (CurveSource(), "source", "is not set"),
    "no seeds": (CurveSource(seeds=SeedList()), "source.seeds.values", "is empty"),
    "a count of 0": (CurveSource(range=SeedRange(count=0)), "source.range.count", "is 0"),
    "a count of -1": (CurveSource(range=SeedRange(count=-1)), "source.range.count", "is -1"),
    "a range past int64": (
        CurveSource(range=SeedRange(first=MAX_SEED, count=2)),
        "source.range.count",
        f"pass the last seed, {MAX_SEED}",
    ),
    "the widest range past int64": (
        CurveSource(range=SeedRange(first=2, count=MAX_SEED)) ,
        "source.range.count",
        "pass the last seed",
    ),
    "NaN": (
        CurveSource(noise=NoiseRows(values=[0, 1, 2, 3, 4, 5, float("nan"), 7, 8, 9], width=5)),
        "source.noise.values",
        "is nan in row 1, column 1",
    ),
    "Inf": (
        CurveSource(noise=NoiseRows(values=[float("-inf"), 1, 2, 3, 4], width=5)),
        "source.noise.values",
        "is -inf in row 0, column 0",
    ),
    "noise of another width": (
        CurveSource(noise=NoiseRows(values=[0] * 6, width=6)),
        "source.noise.width",
        "is 6: this model takes 5",
    ),
    "noise without a width": (
        CurveSource(noise=NoiseRows(values=[0] * 5)),
        "source.noise.width",
        "is 0",
    ),
    "part of a row": (
        CurveSource(noise=NoiseRows(values=[0] * 7, width=5)),
        "source.noise.values",
        "has 7 numbers: give whole rows of 5",
    ),
    "no rows": (CurveSource(noise=NoiseRows(width=5)), "source.noise.values", "is empty"),
}  # fmt: skip


@pytest.mark.parametrize("method", ["GenerateCurves", "StreamCurves"])
@pytest.mark.parametrize("wrong", WRONG_SOURCES)
def test_an_invalid_source_is_an_invalid_argument_that_names_the_field(channel, method, wrong):
    source, field, problem = WRONG_SOURCES[wrong]
    request = {"GenerateCurves": GenerateCurvesRequest, "StreamCurves": StreamCurvesRequest}[method]
    error, found = error_of(channel, method, request(source=source).SerializeToString())
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert found == field
    assert problem in error.details()


@pytest.mark.parametrize("count", [69_889, 10**9, MAX_SEED])
def test_too_many_curves_are_rejected_with_the_limit_in_curves_and_bytes(channel, count):
    source = CurveSource(range=SeedRange(first=0, count=count))
    request = GenerateCurvesRequest(source=source).SerializeToString()
    error, field = error_of(channel, "GenerateCurves", request)
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert field == "source"
    for fact in (
        f"{count} curves",
        f"{60 * count} bytes",
        "at most 69888 curves, 4193280 bytes",
        "StreamCurves",
    ):
        assert fact in error.details()


@pytest.mark.parametrize("method", ["GenerateCurves", "StreamCurves", "GetModel"])
@pytest.mark.parametrize(
    ("version", "code", "problem"),
    [
        (2, grpc.StatusCode.NOT_FOUND, "2 is not served: version 1 is served"),
        (-1, grpc.StatusCode.INVALID_ARGUMENT, "-1: give a version's number"),
    ],
)
def test_a_version_that_is_not_served_is_named(channel, method, version, code, problem):
    request = {
        "GenerateCurves": GenerateCurvesRequest,
        "StreamCurves": StreamCurvesRequest,
        "GetModel": GetModelRequest,
    }[method](version=version)
    error, field = error_of(channel, method, request.SerializeToString())
    assert error.code() is code
    assert field == "version"
    assert problem in error.details()


@pytest.mark.parametrize("method", ["GenerateCurves", "StreamCurves", "GetModel"])
@pytest.mark.parametrize("garbage", [b"\xff", b"garbage", b"\x12\xff\xff\xff\xff\x0f", b"\x07" * 9])
def test_invalid_bytes_are_an_invalid_argument(channel, method, garbage):
    error, field = error_of(channel, method, garbage)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field == "request"


def test_a_request_over_the_message_limit_is_rejected(channel):
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, "GenerateCurves", bytes(Limits().max_request_bytes + 1))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_compressed_requests_get_the_same_bytes(channel, server: RunningServer, compression):
    request = GenerateCurvesRequest(source=CurveSource(seeds=SeedList(values=[7] * 5000)))
    expected = call(channel, "GenerateCurves", request.SerializeToString())
    with grpc.insecure_channel(server.address, compression=compression) as compressing:
        assert call(compressing, "GenerateCurves", request.SerializeToString()) == expected


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_a_compressed_request_over_the_message_limit_is_rejected(
    server: RunningServer, compression
):
    with grpc.insecure_channel(server.address, compression=compression) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            call(channel, "GenerateCurves", bytes(16 * Limits().max_request_bytes))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert call(channel, "GetModel", b"")


def test_get_model_says_all_that_a_client_may_know(channel, repository):
    answer = curves_pb2.GetModelResponse.FromString(call(channel, "GetModel", b""))
    model = Model.of(repository.load(1), answer.max_rows)
    assert answer == curves_pb2.GetModelResponse(**asdict(model))
    assert [tensor.name for tensor in answer.sampler_inputs] == ["seeds"]
    assert answer.max_rows * answer.output.shape[1] * 4 < 4 * 1024**2, "it has to fit"
