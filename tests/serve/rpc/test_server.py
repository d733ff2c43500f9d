"""The two gRPC servers: the hardened one, and grpcio's own for untested versions of grpcio."""

from collections.abc import Iterator
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path

import grpc
import numpy as np
import pytest

from curvegan import CurveClient
from curvegan.engine import Engine
from serve.inference import inference_pb2
from serve.rpc.server import TESTED
from serve.running import RunningServer, running_server
from tests.support import http2
from tests.support.commands import workers_of
from tests.support.observe import metric, standard_error_in, wait_until

OTHER_GRPCIO = Path(__file__).parents[2] / "support" / "other_grpcio"
NOT_UTF_8 = b"/\xff\xfe/\xff"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def public(published: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningServer]:
    """A server with grpcio's own gRPC server, which logs to `log`."""
    monkeypatch.setenv("PYTHONPATH", str(OTHER_GRPCIO))
    with ExitStack() as stack:
        with standard_error_in(log):
            server = stack.enter_context(running_server(published))
        yield server


def test_the_hardened_server_was_tested_with_the_pinned_grpcio():
    assert version("grpcio") in TESTED


def test_a_tested_grpcio_gets_no_warning(published: Path, log: Path):
    with standard_error_in(log), running_server(published):
        pass
    assert "grpcio" not in log.read_text()


@pytest.mark.usefixtures("public")
def test_an_untested_grpcio_gets_one_clear_warning(log: Path):
    (warning,) = [line for line in log.read_text().splitlines() if "WARNING" in line]
    assert "grpcio 1.999.0 was not tested" in warning
    assert all(tested in warning for tested in TESTED)


def test_every_kind_of_call_works_with_an_untested_grpcio(public: RunningServer, engine: Engine):
    seeds = np.arange(5_000)
    expected = engine.curves_from_seeds(seeds).tobytes()
    request = inference_pb2.ModelInferRequest(
        model_name="sampler", raw_input_contents=[seeds.tobytes()]
    )
    request.inputs.add(name="seeds", datatype="INT64", shape=[len(seeds)])
    with CurveClient(public.address) as client, grpc.insecure_channel(public.address) as channel:
        assert client.generate(seeds).tobytes() == expected
        assert np.concatenate(list(client.stream(seeds))).tobytes() == expected
        ask: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(
            "/inference.GRPCInferenceService/ModelStreamInfer"
        )
        for answer in ask(iter([request.SerializeToString()] * 3)):
            infer = inference_pb2.ModelStreamInferResponse.FromString(answer).infer_response
            assert infer.raw_output_contents == [expected]
    assert metric(public, "curvegan_requests_total", code="OK") > 0


def test_a_worker_whose_grpc_server_was_crashed_by_a_client_is_restarted(public: RunningServer):
    workers = workers_of(public)
    with CurveClient(public.address) as client:
        client.generate([7])  # The client retries for longer if the server has responded before.
        http2.raw_call(public.address, NOT_UTF_8)
        wait_until(lambda: workers_of(public) not in (workers, []))
        assert client.generate([7]).shape == (1, 15)
