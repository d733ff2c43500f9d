"""python -m bench.serve.servers.plain NAME=MODEL.onnx ...: a minimal server.

grpc.aio, onnxruntime with one thread, and the part of the Open Inference Protocol that
perf_analyzer and tritonclient use. It has no checks, limits or metrics, so the difference to our
server is their cost. Prints its address as the first line.
"""

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio
import numpy as np
import onnxruntime as ort

from serve.inference import inference_pb2 as pb

_SERVICE = pb.DESCRIPTOR.services_by_name["GRPCInferenceService"]
# By onnxruntime's type names.
_DATATYPES = {"tensor(float)": "FP32", "tensor(int64)": "INT64"}
_DTYPES = {"FP32": np.float32, "INT64": np.int64}


class Model:
    """An ONNX model. Rows are the first dimension of every tensor."""

    def __init__(self, name: str, path: str) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.name = name
        self._session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]

    def config(self) -> pb.ModelConfig:
        """Returns the model's configuration, like Triton's config.pbtxt."""

        def described(tensor: Any) -> dict[str, Any]:
            kind = pb.DataType.Value(f"TYPE_{_DATATYPES[tensor.type]}")
            return {"name": tensor.name, "data_type": kind, "dims": _shape(tensor)}

        return pb.ModelConfig(
            name=self.name,
            max_batch_size=0,
            input=map(described, self._session.get_inputs()),
            output=map(described, self._session.get_outputs()),
        )

    def metadata(self) -> pb.ModelMetadataResponse:
        """Returns the names, types and shapes of the tensors."""

        def described(tensor: Any) -> dict[str, Any]:
            kind = _DATATYPES[tensor.type]
            return {"name": tensor.name, "datatype": kind, "shape": _shape(tensor)}

        return pb.ModelMetadataResponse(
            name=self.name,
            versions=["1"],
            platform="onnxruntime_onnx",
            inputs=map(described, self._session.get_inputs()),
            outputs=map(described, self._session.get_outputs()),
        )

    def infer(self, request: pb.ModelInferRequest) -> pb.ModelInferResponse:
        """Runs the model on raw tensors."""
        feed = {
            tensor.name: np.frombuffer(raw, _DTYPES[tensor.datatype]).reshape(tensor.shape)
            for tensor, raw in zip(request.inputs, request.raw_input_contents, strict=True)
        }
        response = pb.ModelInferResponse(model_name=self.name, model_version="1", id=request.id)
        for name, array in zip(self._outputs, self._session.run(self._outputs, feed), strict=True):
            response.outputs.add(name=name, datatype="FP32", shape=array.shape)
            response.raw_output_contents.append(array.tobytes())
        return response


def _shape(tensor: Any) -> list[int]:
    return [length if isinstance(length, int) else -1 for length in tensor.shape]


def _handlers(models: dict[str, Model]) -> grpc.GenericRpcHandler:
    answers: dict[str, Callable[[Any], Any]] = {
        "ServerLive": lambda _: pb.ServerLiveResponse(live=True),
        "ServerReady": lambda _: pb.ServerReadyResponse(ready=True),
        "ModelReady": lambda _: pb.ModelReadyResponse(ready=True),
        "ServerMetadata": lambda _: pb.ServerMetadataResponse(name="plain", version="1"),
        "ModelMetadata": lambda request: models[request.name].metadata(),
        "ModelConfig": lambda request: pb.ModelConfigResponse(config=models[request.name].config()),
        "ModelStatistics": lambda request: pb.ModelStatisticsResponse(
            model_stats=[pb.ModelStatistics(name=request.name, version="1")]
        ),
        "ModelInfer": lambda request: models[request.model_name].infer(request),
    }

    def handler(method: str) -> "grpc.RpcMethodHandler[Any, Any]":
        request = _SERVICE.methods_by_name[method].input_type.name
        response = _SERVICE.methods_by_name[method].output_type.name
        return grpc.unary_unary_rpc_method_handler(
            _async(answers[method]),
            request_deserializer=getattr(pb, request).FromString,
            response_serializer=getattr(pb, response).SerializeToString,
        )

    return grpc.method_handlers_generic_handler(
        _SERVICE.full_name, {method: handler(method) for method in answers}
    )


def _async(answer: Callable[[Any], Any]) -> Any:
    async def call(request: Any, _context: object) -> Any:
        return answer(request)

    return call


async def main(models: dict[str, Model]) -> None:
    """Serves until the process is terminated."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((_handlers(models),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    asyncio.run(main({name: Model(name, path) for name, path in given.items()}))
