"""Triton's own server serves a repository as it was published.

Its wheel has no onnxruntime backend, the library that runs model.onnx: 40 lines of Python,
bench/serve/servers/triton, take that library's place. All else is Triton's: what it makes of the
folder, of config.pbtxt and of versions.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import numpy as np
import numpy.typing as npt
import pytest

from bench.serve.servers.others import tritonserver
from bench.serve.servers.ours import Server
from curvegan.engine import Engine
from curvegan.repository.repository import Repository
from serve.inference import inference_pb2
from tests.support.models import publish_raised
from tests.support.observe import wait_until
from tests.support.tools import or_skip

pytestmark = [pytest.mark.installs, pytest.mark.timeout(600)]
SEEDS = np.array([0, 1, -1, 172304, 2**63 - 1, -(2**63)])


@contextmanager
def triton(models: Path, *options: str) -> Iterator[Server]:
    with or_skip(), tritonserver(models, *options) as server:
        yield server


def infer(
    server: Server, model: str, **tensors: npt.NDArray[np.generic]
) -> tuple[str, npt.NDArray[np.float32]]:
    """Returns the version that answered, and its curves."""
    request = inference_pb2.ModelInferRequest(model_name=model)
    for name, values in tensors.items():
        datatype = {"int64": "INT64", "float32": "FP32"}[values.dtype.name]
        request.inputs.add(name=name, datatype=datatype, shape=values.shape)
        request.raw_input_contents.append(values.tobytes())
    with grpc.insecure_channel(server.address) as channel:
        ask: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/inference.GRPCInferenceService/ModelInfer"
        )
        answer = inference_pb2.ModelInferResponse.FromString(ask(request.SerializeToString()))
    curves = np.frombuffer(answer.raw_output_contents[0], np.float32)
    return answer.model_version, curves.reshape(answer.outputs[0].shape)


def test_triton_serves_both_models(published: Path, engine: Engine):
    noise = np.linspace(-2, 2, 20, dtype=np.float32).reshape(4, 5)
    with triton(published) as server:
        version, curves = infer(server, "sampler", seeds=SEEDS)
        assert version == "1"
        np.testing.assert_allclose(curves, engine.curves_from_seeds(SEEDS), atol=1e-5)
        _, curves = infer(server, "generator", noise=noise)
        np.testing.assert_allclose(curves, engine.curves_from_noise(noise), atol=1e-5)


def test_triton_serves_labels(labelled: Path, labelled_engine: Engine):
    labels = np.arange(len(SEEDS)) % 2
    with triton(labelled) as server:
        _, curves = infer(server, "sampler", labels=labels, seeds=SEEDS)
    expected = labelled_engine.curves_from_seeds(SEEDS, labels)
    np.testing.assert_allclose(curves, expected, atol=1e-5)


def test_triton_takes_a_version_that_is_published_while_it_runs(models: Path):
    with triton(models, "--model-control-mode=poll", "--repository-poll-secs=1") as server:
        publish_raised(models, 1.0)
        wait_until(lambda: infer(server, "sampler", seeds=SEEDS)[0] == "2")
        _, curves = infer(server, "sampler", seeds=SEEDS)
    raised = Engine.of(Repository(models).load(2))
    np.testing.assert_allclose(curves, raised.curves_from_seeds(SEEDS), atol=1e-5)
