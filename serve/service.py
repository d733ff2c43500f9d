"""`curvegan.v1.CurveService`: translates between the contract and the engine, nothing else."""

from collections.abc import AsyncIterator

import grpc

from curvegan.v1 import curves_pb2
from serve.arrays import Float32Array
from serve.engine import Engine
from serve.handlers import Handlers
from serve.pool import ComputePool
from serve.repository import ONNX, ModelVersion
from serve.sources import Source, parse_source
from serve.status import RequestError
from serve.wire import packed

SERVICE = curves_pb2.DESCRIPTOR.services_by_name["CurveService"]

# What every gRPC client accepts by default; some of it is left for the other fields.
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
_OTHER_FIELDS_BYTES = 1024
STREAM_MESSAGE_BYTES = 1024 * 1024

_VALUES = curves_pb2.GenerateCurvesResponse.VALUES_FIELD_NUMBER
assert _VALUES == curves_pb2.StreamCurvesResponse.VALUES_FIELD_NUMBER


class CurveService:
    """Answers for one model version, with the engine that computes its curves."""

    def __init__(
        self, model: ModelVersion, engine: Engine, pool: ComputePool, handlers: Handlers
    ) -> None:
        self._model = model
        self._version = model.sampler_manifest.version
        self._engine = engine
        self._handlers = handlers
        self._pool = pool
        self._row_bytes = 4 * engine.n_points
        self._max_rows = max(1, (MAX_MESSAGE_BYTES - _OTHER_FIELDS_BYTES) // self._row_bytes)
        self._stream_rows = max(1, STREAM_MESSAGE_BYTES // self._row_bytes)

    def handler(self) -> grpc.GenericRpcHandler:
        """Returns what a gRPC server needs to offer the service."""
        return grpc.method_handlers_generic_handler(
            SERVICE.full_name,
            {
                "GenerateCurves": self._handlers.unary(
                    curves_pb2.GenerateCurvesRequest, self._generate
                ),
                "StreamCurves": self._handlers.streaming(
                    curves_pb2.StreamCurvesRequest, self._stream
                ),
                "GetModel": self._handlers.unary(curves_pb2.GetModelRequest, self._get_model),
            },
        )

    async def _generate(self, request: curves_pb2.GenerateCurvesRequest) -> bytes:
        self._check_version(request.version)
        source = parse_source(request.source, self._engine.n_noise)
        if source.rows > self._max_rows:
            raise RequestError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "source",
                f"asks for {source.rows} curves, {source.rows * self._row_bytes} bytes: one "
                f"answer holds at most {self._max_rows} curves, "
                f"{self._max_rows * self._row_bytes} bytes; use StreamCurves",
            )
        curves = await self._compute(source, 0, source.rows)
        head = curves_pb2.GenerateCurvesResponse(
            version=self._version, n_points=self._engine.n_points
        )
        return head.SerializeToString() + packed(_VALUES, curves)

    async def _stream(self, request: curves_pb2.StreamCurvesRequest) -> AsyncIterator[bytes]:
        self._check_version(request.version)
        source = parse_source(request.source, self._engine.n_noise)
        for start in range(0, source.rows, self._stream_rows):
            curves = await self._compute(source, start, start + self._stream_rows)
            head = curves_pb2.StreamCurvesResponse(
                version=self._version, n_points=self._engine.n_points, first_row=start
            )
            yield head.SerializeToString() + packed(_VALUES, curves)

    async def _get_model(self, request: curves_pb2.GetModelRequest) -> bytes:
        self._check_version(request.version)
        sampler, generator = self._model.sampler_manifest, self._model.generator_manifest
        description = sampler.description
        return curves_pb2.GetModelResponse(
            version=self._version,
            family=description.family.name,
            x_grid=description.x_grid,
            lower_bound=description.family.lower_bound or [],
            upper_bound=description.family.upper_bound or [],
            n_noise=description.n_noise,
            max_rows=self._max_rows,
            recipe=description.training.recipe,
            training_seed=description.training.seed,
            quality=description.quality,
            sampler_sha256=sampler.files[ONNX],
            generator_sha256=generator.files[ONNX],
        ).SerializeToString()

    async def _compute(self, source: Source, start: int, stop: int) -> Float32Array:
        stop = min(stop, source.rows)
        return await self._pool.run(stop - start, lambda: source.curves(self._engine, start, stop))

    def _check_version(self, version: int) -> None:
        if version < 0:
            raise RequestError(
                grpc.StatusCode.INVALID_ARGUMENT,
                "version",
                f"is {version}: give a version's number, or 0 for the one that is served",
            )
        if version not in (0, self._version):
            raise RequestError(
                grpc.StatusCode.NOT_FOUND,
                "version",
                f"{version} is not served: version {self._version} is",
            )
