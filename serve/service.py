"""`curvegan.v1.CurveService`: translates between the contract and the data plane, nothing else."""

from collections.abc import AsyncIterator
from functools import lru_cache

import grpc

from curvegan.v1 import curves_pb2
from serve.arrays import Float32Array
from serve.calls import Call
from serve.handlers import Handler, Handlers
from serve.plane import Plane
from serve.repository import ONNX
from serve.sources import parse_source
from serve.status import RequestError
from serve.versions import Loaded, Versions
from serve.wire import packed, unfilled

SERVICE = curves_pb2.DESCRIPTOR.services_by_name["CurveService"]

_VALUES = curves_pb2.GenerateCurvesResponse.VALUES_FIELD_NUMBER
assert _VALUES == curves_pb2.StreamCurvesResponse.VALUES_FIELD_NUMBER


@lru_cache
def _head(version: int, n_points: int) -> bytes:
    """Returns what stands before the values in every answer of a version."""
    return curves_pb2.GenerateCurvesResponse(version=version, n_points=n_points).SerializeToString()


class CurveService:
    """Answers for the loaded versions."""

    def __init__(self, versions: Versions, plane: Plane, handlers: Handlers) -> None:
        self._versions = versions
        self._plane = plane
        self._handlers = handlers

    def methods(self) -> dict[str, Handler]:
        """Returns who handles each method, by its path."""
        name, unary = SERVICE.full_name, self._handlers.unary
        return {
            f"/{name}/GenerateCurves": unary(
                f"{name}/GenerateCurves", curves_pb2.GenerateCurvesRequest, self._generate
            ),
            f"/{name}/StreamCurves": self._handlers.streaming(
                f"{name}/StreamCurves", curves_pb2.StreamCurvesRequest, self._stream
            ),
            f"/{name}/GetModel": unary(
                f"{name}/GetModel", curves_pb2.GetModelRequest, self._get_model
            ),
        }

    async def _generate(self, request: curves_pb2.GenerateCurvesRequest, call: Call) -> bytes:
        loaded = self._version(request.version)
        source = parse_source(request.source, loaded.engine.n_noise)
        del request  # Whoever waits for its turn holds its numbers once.
        curves = await self._plane.curves(loaded, source, call)
        return packed(_VALUES, curves, _head(loaded.number, loaded.engine.n_points))

    async def _stream(
        self, request: curves_pb2.StreamCurvesRequest, call: Call
    ) -> AsyncIterator[bytes]:
        loaded = self._version(request.version)
        source = parse_source(request.source, loaded.engine.n_noise)
        del request  # A stream that is read slowly holds its numbers once.
        message = b""

        def room(first_row: int, rows: int) -> Float32Array:
            nonlocal message
            n_points = loaded.engine.n_points
            head = curves_pb2.StreamCurvesResponse(
                version=loaded.number, n_points=n_points, first_row=first_row
            )
            message, curves = unfilled(_VALUES, (rows, n_points), head.SerializeToString())
            return curves

        async for _ in self._plane.parts(loaded, source, call, room):
            yield message

    async def _get_model(self, request: curves_pb2.GetModelRequest, _: Call) -> bytes:
        loaded = self._version(request.version)
        sampler, generator = loaded.model.sampler_manifest, loaded.model.generator_manifest
        description = sampler.description
        return curves_pb2.GetModelResponse(
            version=loaded.number,
            family=description.family.name,
            x_grid=description.x_grid,
            lower_bound=description.family.lower_bound or [],
            upper_bound=description.family.upper_bound or [],
            n_noise=description.n_noise,
            max_rows=self._plane.max_rows(loaded.engine),
            recipe=description.training.recipe,
            training_seed=description.training.seed,
            quality=description.quality,
            sampler_sha256=sampler.files[ONNX],
            generator_sha256=generator.files[ONNX],
        ).SerializeToString()

    def _version(self, number: int) -> Loaded:
        if number < 0:
            raise RequestError(
                grpc.StatusCode.INVALID_ARGUMENT,
                "version",
                f"is {number}: give a version's number, or 0 for the newest",
            )
        return self._versions.get(number)
