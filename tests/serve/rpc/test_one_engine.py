"""The same seeds give the same float32 bytes by every method and protocol."""

import json
import urllib.request
from collections.abc import Callable

import grpc
import numpy as np
import pytest

from curvegan import CurveClient
from curvegan.arrays import Float32Array, Int64Array
from curvegan.engine import Engine
from serve.inference import inference_pb2
from serve.running import RunningServer

INFER = "/inference.GRPCInferenceService/ModelInfer"
STREAM_INFER = "/inference.GRPCInferenceService/ModelStreamInfer"


def by_generate(server: RunningServer, seeds: Int64Array) -> Float32Array:
    with CurveClient(server.address) as client:
        return client.generate(seeds)


def by_stream(server: RunningServer, seeds: Int64Array) -> Float32Array:
    with CurveClient(server.address) as client:
        return np.concatenate(list(client.stream(seeds)))


def infer_request(seeds: Int64Array, *, raw: bool) -> bytes:
    request = inference_pb2.ModelInferRequest(model_name="sampler")
    tensor = request.inputs.add(name="seeds", datatype="INT64", shape=[len(seeds)])
    if raw:
        request.raw_input_contents.append(seeds.tobytes())
    else:
        tensor.contents.int64_contents.extend(seeds.tolist())
    return request.SerializeToString()


def curves_of(answer: inference_pb2.ModelInferResponse) -> Float32Array:
    return np.frombuffer(answer.raw_output_contents[0], np.float32).reshape(-1, 15)


def by_raw_infer(server: RunningServer, seeds: Int64Array) -> Float32Array:
    with grpc.insecure_channel(server.address) as channel:
        answer = channel.unary_unary(INFER)(infer_request(seeds, raw=True))
    return curves_of(inference_pb2.ModelInferResponse.FromString(answer))


def by_typed_infer(server: RunningServer, seeds: Int64Array) -> Float32Array:
    with grpc.insecure_channel(server.address) as channel:
        answer = channel.unary_unary(INFER)(infer_request(seeds, raw=False))
    return curves_of(inference_pb2.ModelInferResponse.FromString(answer))


def by_stream_infer(server: RunningServer, seeds: Int64Array) -> Float32Array:
    parts = [infer_request(part, raw=True) for part in np.array_split(seeds, 3)]
    with grpc.insecure_channel(server.address) as channel:
        answers = list(channel.stream_stream(STREAM_INFER)(iter(parts)))
    read = [inference_pb2.ModelStreamInferResponse.FromString(answer) for answer in answers]
    return np.concatenate([curves_of(part.infer_response) for part in read])


def by_rest(server: RunningServer, seeds: Int64Array) -> Float32Array:
    tensor = {"name": "seeds", "datatype": "INT64", "shape": [len(seeds)], "data": seeds.tolist()}
    request = urllib.request.Request(
        f"http://{server.http}/v2/models/sampler/infer",
        json.dumps({"inputs": [tensor]}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        [output] = json.load(response)["outputs"]
    return np.array(output["data"], np.float32).reshape(output["shape"])


@pytest.mark.parametrize(
    "ask",
    [by_generate, by_stream, by_raw_infer, by_typed_infer, by_stream_infer, by_rest],
)
@pytest.mark.parametrize("n", [3, 100, 5000])  # batched, in the event loop, in a thread
def test_every_method_returns_the_engine_s_bytes(
    server: RunningServer,
    engine: Engine,
    ask: Callable[[RunningServer, Int64Array], Float32Array],
    n: int,
):
    seeds = np.random.default_rng(n).integers(-(2**63), 2**63, n, np.int64)
    expected = engine.curves_from_seeds(seeds)
    np.testing.assert_array_equal(ask(server, seeds).view(np.uint32), expected.view(np.uint32))
