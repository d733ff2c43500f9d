"""A server that answers nonsense is told from one that answers curves."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import pytest

from curvegan import CurveClient, ServiceError
from curvegan.v1 import curves_pb2, curves_pb2_grpc


@contextmanager
def answering(answer: curves_pb2.GenerateCurvesResponse) -> Iterator[CurveClient]:
    """Yields a client of a server that gives `answer` to every GenerateCurves."""

    class Servicer(curves_pb2_grpc.CurveServiceServicer):
        def GenerateCurves(self, request, context):  # noqa: ARG002, N802
            return answer

    server = grpc.server(ThreadPoolExecutor(1))
    curves_pb2_grpc.add_CurveServiceServicer_to_server(Servicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with CurveClient(f"127.0.0.1:{port}") as client:
        yield client
    server.stop(None).wait()


@pytest.mark.parametrize(
    ("n_points", "n_numbers", "problem"),
    [
        (0, 0, "0 numbers for curves of 0 points"),
        (2, 3, "3 numbers for curves of 2 points"),
        (2, 2, "1 curves for 5 rows"),
    ],
)
def test_an_answer_of_the_wrong_size_is_an_error(n_points: int, n_numbers: int, problem: str):
    answer = curves_pb2.GenerateCurvesResponse(n_points=n_points, values=[0.0] * n_numbers)
    with (
        answering(answer) as client,
        pytest.raises(ServiceError, match=f"INTERNAL: .* is broken: it has {problem}"),
    ):
        client.generate(range(5))
