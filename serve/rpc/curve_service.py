"""`curvegan.v1.CurveService`: translates between the contract and the data plane, nothing else."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict

import numpy as np

from curvegan.arrays import Int64Array
from curvegan.repository.description import listed
from curvegan.repository.model import Model
from curvegan.seeds import MAX_SEED
from curvegan.v1 import curves_pb2
from curvegan.wire import packed
from serve.calls.calls import Call
from serve.calls.status import invalid_argument
from serve.compute.labels import check_labels
from serve.compute.plane import Plane
from serve.compute.sources import Source, check_finite
from serve.compute.versions import Versions
from serve.rpc.handlers import Handler, Handlers

SERVICE = curves_pb2.DESCRIPTOR.services_by_name["CurveService"]

_VALUES = curves_pb2.GenerateCurvesResponse.VALUES_FIELD_NUMBER
assert _VALUES == curves_pb2.StreamCurvesResponse.VALUES_FIELD_NUMBER


class CurveService:
    """Answers for the loaded versions."""

    def __init__(self, versions: Versions, plane: Plane, handlers: Handlers) -> None:
        self._versions = versions
        self._plane = plane
        self._handlers = handlers

    def methods(self) -> dict[str, Handler]:
        """Returns the handlers by path."""
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
        loaded = self._versions.get(request.version)
        source = parse_source(request.source, loaded.engine.n_noise, loaded.labels)
        del request  # A waiting call holds its numbers once.
        curves = await self._plane.compute(loaded, source, call)
        head = curves_pb2.GenerateCurvesResponse(
            version=loaded.number, n_points=loaded.engine.n_points
        )
        return packed(_VALUES, curves, head.SerializeToString())

    async def _stream(
        self, request: curves_pb2.StreamCurvesRequest, call: Call
    ) -> AsyncIterator[bytes]:
        loaded = self._versions.get(request.version)
        source = parse_source(request.source, loaded.engine.n_noise, loaded.labels)
        del request  # A stream that is read slowly holds its numbers once.
        async for first_row, curves in self._plane.stream(loaded, source, call):
            head = curves_pb2.StreamCurvesResponse(
                version=loaded.number, n_points=loaded.engine.n_points, first_row=first_row
            )
            yield packed(_VALUES, curves, head.SerializeToString())

    async def _get_model(self, request: curves_pb2.GetModelRequest, _: Call) -> bytes:
        loaded = self._versions.get(request.version)
        model = Model.of(loaded.model, self._plane.max_rows(loaded.engine))
        return curves_pb2.GetModelResponse(**asdict(model)).SerializeToString()


def parse_source(source: curves_pb2.CurveSource, n_noise: int, labels: Sequence[str]) -> Source:
    """Returns what `source` asks for of a model that takes `n_noise` numbers a row, and whose
    classes are `labels`.

    Raises RequestError, naming the field, for a source that is empty or wrong.
    """
    match source.WhichOneof("source"):
        case "seeds":
            seeds = source.seeds.values
            if not seeds:
                raise invalid_argument("source.seeds.values", "is empty: give at least one seed")
            parsed = Source("sampler", np.array(seeds, np.int64))
        case "range":
            parsed = _range(source.range)
        case "noise":
            parsed = _noise(source.noise, n_noise)
        case _:
            raise invalid_argument("source", "is not set: give seeds, range or noise")
    if labels or source.labels:
        return parsed._replace(labels=_labels(source.labels, labels, len(parsed.values)))
    return parsed


def _labels(given: Sequence[int], known: Sequence[str], rows: int) -> Int64Array | int:
    field = "source.labels"
    if not known:
        raise invalid_argument(field, "is set: this model makes curves without labels")
    if not given:
        raise invalid_argument(
            field,
            "is empty: give the class of all curves, or of each, by its number; this model's "
            f"classes are {listed(known)}",
        )
    if len(given) not in (1, rows):
        raise invalid_argument(
            field, f"has {len(given)} numbers: give one, or one for each of the {rows} curves"
        )
    labels = np.array(given, np.int64)
    check_labels(labels, known, field)
    return labels if len(labels) > 1 else int(labels[0])


def _range(seeds: curves_pb2.SeedRange) -> Source:
    if seeds.count < 1:
        raise invalid_argument("source.range.count", f"is {seeds.count}: ask for at least 1 curve")
    if seeds.first + seeds.count - 1 > MAX_SEED:
        raise invalid_argument(
            "source.range.count",
            f"is {seeds.count}: {seeds.count} seeds from {seeds.first} on pass the last seed, "
            f"{MAX_SEED}",
        )
    return Source("sampler", range(seeds.first, seeds.first + seeds.count))


def _noise(noise: curves_pb2.NoiseRows, n_noise: int) -> Source:
    if noise.width != n_noise:
        raise invalid_argument(
            "source.noise.width", f"is {noise.width}: this model takes {n_noise}"
        )
    values = np.array(noise.values, np.float32)
    if not len(values):
        raise invalid_argument("source.noise.values", "is empty: give at least one row")
    if len(values) % n_noise:
        raise invalid_argument(
            "source.noise.values", f"has {len(values)} numbers: give whole rows of {n_noise}"
        )
    check_finite(values, n_noise, "source.noise.values")
    return Source("generator", values.reshape(-1, n_noise))
