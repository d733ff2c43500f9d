"""CurveService with a labelled model: one label or one a row, and what is refused."""

import grpc
import numpy as np
import pytest
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status

from curvegan.engine import Engine
from curvegan.repository.description import listed
from curvegan.v1 import curves_pb2_grpc
from curvegan.v1.curves_pb2 import (
    CurveSource,
    GenerateCurvesRequest,
    NoiseRows,
    SeedList,
    SeedRange,
    StreamCurvesRequest,
)
from serve.running import RunningServer
from tests.support.labelled.days import LABELS, N_NOISE

SEEDS = SeedList(values=[7, -1, 9])
RANGE = SeedRange(first=5, count=3)
NOISE = NoiseRows(values=np.linspace(-1, 1, 3 * N_NOISE), width=N_NOISE)


@pytest.fixture(scope="module")
def stub(labelled_server: RunningServer):
    with grpc.insecure_channel(labelled_server.address) as channel:
        yield curves_pb2_grpc.CurveServiceStub(channel)


def made(stub, source: CurveSource) -> bytes:
    """Returns the bytes of the curves, which a unary call and a stream agree about."""
    whole = stub.GenerateCurves(GenerateCurvesRequest(source=source), timeout=20)
    parts = stub.StreamCurves(StreamCurvesRequest(source=source), timeout=20)
    curves = np.array(whole.values, np.float32).tobytes()
    assert b"".join(np.array(part.values, np.float32).tobytes() for part in parts) == curves
    return curves


@pytest.mark.parametrize("labels", [[2], [0, 1, 2]])
def test_seeds_ranges_and_noise_take_one_label_or_one_a_row(
    stub, labelled_engine: Engine, labels: list[int]
):
    engine, each = labelled_engine, np.broadcast_to(labels, 3).astype(np.int64)
    seeds = engine.curves_from_seeds(np.array(SEEDS.values), each)
    assert made(stub, CurveSource(seeds=SEEDS, labels=labels)) == seeds.tobytes()
    range_ = engine.curves_from_seeds(np.arange(5, 8), each)
    assert made(stub, CurveSource(range=RANGE, labels=labels)) == range_.tobytes()
    noise = np.array(NOISE.values, np.float32).reshape(3, N_NOISE)
    of_noise = engine.curves_from_noise(noise, each)
    assert made(stub, CurveSource(noise=NOISE, labels=labels)) == of_noise.tobytes()


def test_a_stream_of_many_messages_keeps_each_rows_label(stub, labelled_engine: Engine):
    count = 30_000
    labels = np.arange(count) % 3
    source = CurveSource(range=SeedRange(first=0, count=count), labels=labels)
    parts = list(stub.StreamCurves(StreamCurvesRequest(source=source), timeout=20))
    assert len(parts) > 2
    curves = np.concatenate([np.array(part.values, np.float32) for part in parts])
    expected = labelled_engine.curves_from_seeds(np.arange(count), labels)
    assert curves.tobytes() == expected.tobytes()


def test_a_stream_of_a_hundred_million_curves_of_one_label_begins_at_once(stub):
    source = CurveSource(range=SeedRange(first=0, count=10**8), labels=[1])
    stream = stub.StreamCurves(StreamCurvesRequest(source=source), timeout=5)
    assert next(stream).first_row == 0
    stream.cancel()


WRONG = {
    "no label": ([], "is empty: give the class of all curves, or of each, by its number; "),
    "too few": ([0, 1], "has 2 numbers: give one, or one for each of the 3 curves"),
    "too many": ([0, 1, 2, 0], "has 4 numbers"),
    "an unknown one": ([3], f"is 3 in row 0: this model's classes are {listed(LABELS)}"),
    "an unknown one among others": ([0, 1, 7], "is 7 in row 2"),
    "below 0": ([-1], "is -1 in row 0"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("rows", [{"seeds": SEEDS}, {"range": RANGE}, {"noise": NOISE}])
def test_wrong_labels_are_an_invalid_argument_that_names_the_field(stub, wrong, rows):
    labels, problem = WRONG[wrong]
    source = CurveSource(labels=labels, **rows)
    field, details = error_of(stub, source)
    assert field == "source.labels"
    assert problem in details


def test_labels_for_a_model_without_are_refused(server: RunningServer):
    with grpc.insecure_channel(server.address) as channel:
        stub = curves_pb2_grpc.CurveServiceStub(channel)
        field, details = error_of(stub, CurveSource(seeds=SEEDS, labels=[0]))
    assert field == "source.labels"
    assert "is set: this model makes curves without labels" in details


def test_a_long_list_of_classes_is_cut():
    text = listed([f"class {i}" for i in range(50)])
    assert text.startswith("0 'class 0', 1 'class 1', ")
    assert text.endswith("19 'class 19' and 30 more")
    assert len(listed(["x" * 1000])) < 60


def error_of(stub, source: CurveSource) -> tuple[str, str]:
    """Returns the field and the text of the error that both calls end with."""
    with pytest.raises(grpc.RpcError) as caught:
        stub.GenerateCurves(GenerateCurvesRequest(source=source), timeout=20)
    with pytest.raises(grpc.RpcError) as of_stream:
        list(stub.StreamCurves(StreamCurvesRequest(source=source), timeout=20))
    error = caught.value
    assert error.code() is of_stream.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details() == of_stream.value.details()
    status = Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    bad_request = BadRequest()
    assert status.details[0].Unpack(bad_request)
    return bad_request.field_violations[0].field, error.details()
