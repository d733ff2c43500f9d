"""`inference.GRPCInferenceService`, the Open Inference Protocol over gRPC: translates messages."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from google.protobuf.message import Message

from serve.calls.calls import Call, Calls
from serve.calls.metrics import Totals
from serve.calls.status import RequestError
from serve.compute.plane import Plane
from serve.compute.versions import Versions
from serve.inference import describe, inference_pb2, lookup, tensors
from serve.rpc.handlers import Handler, Handlers

SERVICE = inference_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]

# Probes need no token, and get a response even under overload and while draining.
PROBES = frozenset(f"/{SERVICE.full_name}/{name}" for name in ("ServerLive", "ServerReady"))
# While draining, it reports that models are not ready.
WHILE_DRAINING = frozenset({f"/{SERVICE.full_name}/ModelReady"})


class InferenceService:
    """The methods of the service, for all loaded versions."""

    def __init__(
        self,
        versions: Versions,
        plane: Plane,
        handlers: Handlers,
        totals: Callable[[], Awaitable[Totals]],
        calls: Calls,
    ) -> None:
        """`totals` returns the statistics of the models; readiness is false while `calls` is
        draining."""
        self._versions = versions
        self._plane = plane
        self._handlers = handlers
        self._totals = totals
        self._calls = calls

    def methods(self) -> dict[str, Handler]:
        """Returns the handlers by path."""
        unary: dict[str, tuple[type[Message], Callable[[Any, Call], Awaitable[bytes]]]] = {
            "ModelReady": (inference_pb2.ModelReadyRequest, self._model_ready),
            "ServerMetadata": (inference_pb2.ServerMetadataRequest, self._server_metadata),
            "ModelMetadata": (inference_pb2.ModelMetadataRequest, self._model_metadata),
            "ModelInfer": (inference_pb2.ModelInferRequest, self._infer),
            "ModelConfig": (inference_pb2.ModelConfigRequest, self._model_config),
            "ModelStatistics": (inference_pb2.ModelStatisticsRequest, self._model_statistics),
            "RepositoryIndex": (inference_pb2.RepositoryIndexRequest, self._repository_index),
        }
        methods = {
            f"/{_full(name)}": self._handlers.unary(_full(name), request_type, answer)
            for name, (request_type, answer) in unary.items()
        }
        for name, probe in (("ServerLive", self._server_live), ("ServerReady", self._server_ready)):
            methods[f"/{_full(name)}"] = self._handlers.probe(_full(name), probe)
        methods[f"/{_full('ModelStreamInfer')}"] = self._handlers.bidi(
            _full("ModelStreamInfer"), inference_pb2.ModelInferRequest, self._stream_infer
        )
        return methods

    def _server_live(self) -> Message:
        return inference_pb2.ServerLiveResponse(live=True)

    def _server_ready(self) -> Message:
        return inference_pb2.ServerReadyResponse(ready=not self._calls.draining)

    async def _model_ready(self, request: inference_pb2.ModelReadyRequest, _: Call) -> bytes:
        found = lookup.is_ready(self._versions, request.name, request.version)
        ready = found and not self._calls.draining
        return inference_pb2.ModelReadyResponse(ready=ready).SerializeToString()

    async def _server_metadata(self, _: inference_pb2.ServerMetadataRequest, __: Call) -> bytes:
        return describe.server_metadata().SerializeToString()

    async def _model_metadata(self, request: inference_pb2.ModelMetadataRequest, _: Call) -> bytes:
        found = lookup.metadata(self._versions, request.name, request.version)
        return found.SerializeToString()

    async def _model_config(self, request: inference_pb2.ModelConfigRequest, _: Call) -> bytes:
        config = lookup.config(self._versions, request.name, request.version)
        return inference_pb2.ModelConfigResponse(config=config).SerializeToString()

    async def _model_statistics(
        self, request: inference_pb2.ModelStatisticsRequest, _: Call
    ) -> bytes:
        totals = await self._totals()
        found = lookup.statistics(self._versions, request.name, request.version, totals)
        return found.SerializeToString()

    async def _repository_index(
        self, request: inference_pb2.RepositoryIndexRequest, _: Call
    ) -> bytes:
        if request.repository_name:
            raise RequestError(
                grpc.StatusCode.NOT_FOUND,
                "repository_name",
                "is set: there is one repository, which has no name; leave the field empty",
            )
        return describe.repository_index(self._versions.numbers()).SerializeToString()

    async def _infer(self, request: inference_pb2.ModelInferRequest, call: Call) -> bytes:
        return (await self._answer(request, call)).SerializeToString()

    async def _stream_infer(self, request: inference_pb2.ModelInferRequest, call: Call) -> bytes:
        answering = self._answer(request, call)
        del request
        try:
            answer = inference_pb2.ModelStreamInferResponse(infer_response=await answering)
        except RequestError as error:
            call.code = error.code
            answer = tensors.stream_error(call.request_id, str(error))
        return answer.SerializeToString()

    async def _answer(
        self, request: inference_pb2.ModelInferRequest, call: Call
    ) -> inference_pb2.ModelInferResponse:
        call.request_id = request.id
        call.source_field = "inputs[0].shape"
        loaded, model = lookup.find(
            self._versions, request.model_name, request.model_version, prefix="model_"
        )
        call.model, call.version = model.name, loaded.number
        source = tensors.parse_request(request, model, loaded.labels)
        del request  # Frees its numbers, which `source` has copied, while the call waits.
        curves = await self._plane.compute(loaded, source, call)
        return tensors.answer(call.request_id, model, loaded.number, curves)


def _full(method: str) -> str:
    return f"{SERVICE.full_name}/{method}"
