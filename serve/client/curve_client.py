"""`CurveClient`: numpy in, numpy out."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NoReturn, Self, TypeGuard, cast

import grpc
import numpy as np
import numpy.typing as npt
from google.rpc.error_details_pb2 import BadRequest
from grpc_status import rpc_status

from curvegan.v1 import curves_pb2, curves_pb2_grpc
from serve.address import DEFAULT_ADDRESS
from serve.arrays import Float32Array, Float64Array, Int64Array
from serve.errors import CurveganError
from serve.seeds import MAX_SEED, MIN_SEED
from serve.wire import packed

Seeds = int | range | Sequence[int] | npt.NDArray[np.integer]

# Seeds of one stream call: 1 MiB of a list and 10 million of a range, well within what a server
# accepts.
_SEEDS_PER_CALL = 2**17
_COUNT_PER_CALL = 10_000_000


class ServiceError(CurveganError):
    """The server refused a call, or could not be reached.

    `code` is the gRPC status code; `field` names the request's field at fault, or is empty.
    """

    def __init__(self, code: grpc.StatusCode, message: str, field: str = "") -> None:
        super().__init__(f"{code.name}: {message}")
        self.code = code
        self.field = field


@dataclass(frozen=True)
class Model:
    """A model version as the server describes it.

    `x_grid` is float64 [n_points]; `bounds` are the lowest and the highest y at each x, likewise,
    or None for a family without bounds. `max_rows` is the most rows of one `generate` call.
    """

    version: int
    family: str
    x_grid: Float64Array
    bounds: tuple[Float64Array, Float64Array] | None
    n_noise: int
    max_rows: int
    recipe: str
    training_seed: int
    quality: dict[str, float]
    sampler_sha256: str
    generator_sha256: str


class CurveClient:
    """A connection to a curve server; a context manager.

        with CurveClient() as client:
            curves = client.generate(range(64))      # float32 [64, n_points]

    `timeout` is how long to wait for an answer, and for each part of a stream, in seconds; None
    waits for ever. Each method takes `version`, the model version, where 0 is the one that the
    server serves. All raise ServiceError when the server refuses or can't be reached, and
    ValueError for numbers that can't be sent.
    """

    def __init__(self, target: str = DEFAULT_ADDRESS, *, timeout: float | None = 30.0) -> None:
        self.target = target
        self.timeout = timeout
        self._channel = grpc.insecure_channel(
            target, options=[("grpc.max_receive_message_length", -1)]
        )
        self._stub = curves_pb2_grpc.CurveServiceStub(self._channel)  # type: ignore[no-untyped-call]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection; calls in flight end."""
        self._channel.close()

    def model(self, version: int = 0) -> Model:
        """Returns the description of a model version."""
        request = curves_pb2.GetModelRequest(version=version)
        try:
            answer = self._stub.GetModel(request, timeout=self.timeout)
        except grpc.RpcError as error:
            self._raise(error)
        return Model(
            version=answer.version,
            family=answer.family,
            x_grid=np.array(answer.x_grid),
            bounds=(
                (np.array(answer.lower_bound), np.array(answer.upper_bound))
                if answer.lower_bound
                else None
            ),
            n_noise=answer.n_noise,
            max_rows=answer.max_rows,
            recipe=answer.recipe,
            training_seed=answer.training_seed,
            quality=dict(answer.quality),
            sampler_sha256=answer.sampler_sha256,
            generator_sha256=answer.generator_sha256,
        )

    def generate(self, seeds: Seeds, *, version: int = 0) -> Float32Array:
        """Returns the curves of `seeds` from one call, in their order: float32 [n, n_points].

        Seeds are any 64-bit integers. For more than the model's `max_rows` use `stream`.
        """
        return self._generate(_seed_source(seeds), version)

    def generate_from_noise(self, noise: npt.ArrayLike, *, version: int = 0) -> Float32Array:
        """Returns the curve of each row of `noise`, float32 [n, n_noise]: float32 [n, n_points].

        For more than the model's `max_rows` use several calls.
        """
        return self._generate(_noise_source(noise), version)

    def stream(
        self, seeds: Seeds, *, version: int = 0, timeout: float | None = None
    ) -> Iterator[Float32Array]:
        """Yields the curves of any number of seeds, in their order, as float32 [some, n_points].

        A `range` with step 1 crosses the wire as two numbers, whatever its length; a long list is
        cut into several calls, each with the deadline `timeout`. The version that answers first
        answers for all.
        """
        for source in _seed_sources(seeds):
            request = curves_pb2.StreamCurvesRequest(version=version, source=source)
            answers = self._stub.StreamCurves(request, timeout=timeout)
            try:
                while (answer := self._next(answers)) is not None:
                    version = answer.version
                    yield np.array(answer.values, np.float32).reshape(-1, answer.n_points)
            except grpc.RpcError as error:
                self._raise(error)
            finally:
                answers.cancel()

    def _generate(self, source: curves_pb2.CurveSource, version: int) -> Float32Array:
        request = curves_pb2.GenerateCurvesRequest(version=version, source=source)
        try:
            answer = self._stub.GenerateCurves(request, timeout=self.timeout)
        except grpc.RpcError as error:
            self._raise(error)
        return np.array(answer.values, np.float32).reshape(-1, answer.n_points)

    def _next(self, answers: Any) -> curves_pb2.StreamCurvesResponse | None:
        """Returns a stream's next message, or None after the last.

        A gRPC deadline would be one of the whole call, and the curves may take their time; so a
        call whose next message is late is cancelled from here.
        """
        if self.timeout is None:
            return next(answers, None)
        late = threading.Timer(self.timeout, answers.cancel)
        late.daemon = True  # Nobody waits for it when the program ends.
        try:
            late.start()
            return next(answers, None)
        except grpc.RpcError:
            if answers.code() is not grpc.StatusCode.CANCELLED:
                raise
            raise ServiceError(
                grpc.StatusCode.DEADLINE_EXCEEDED, f"no curves came for {self.timeout:g} s"
            ) from None
        finally:
            late.cancel()

    def _raise(self, error: grpc.RpcError) -> NoReturn:
        """Raises `error` as a ServiceError that names the field at fault."""
        call = cast(grpc.Call, error)
        message = call.details() or "no reason given"
        if call.code() is grpc.StatusCode.UNAVAILABLE and "failed to connect" in message:
            message = f"no server answers at {self.target}: start one with `python -m serve`"
        raise ServiceError(call.code(), message, _field(call)) from error


def _seed_sources(seeds: Seeds) -> Iterator[curves_pb2.CurveSource]:
    """Yields sources of a size that a server accepts, which together ask for all of `seeds`."""
    if _is_unbroken(seeds):
        for first in range(seeds[0], seeds[-1] + 1, _COUNT_PER_CALL):
            yield _seed_source(range(first, min(first + _COUNT_PER_CALL, seeds[-1] + 1)))
        return
    values = _seed_array(seeds)
    # An empty list goes to the server as it is, for it knows best how to refuse it.
    for start in range(0, max(1, len(values)), _SEEDS_PER_CALL):
        yield _seed_source(values[start : start + _SEEDS_PER_CALL])


def _seed_source(seeds: Seeds) -> curves_pb2.CurveSource:
    source = curves_pb2.CurveSource()
    if _is_unbroken(seeds):
        source.range.first = _checked(seeds[0])
        source.range.count = _checked(seeds[-1]) - seeds[0] + 1
    else:
        source.seeds.SetInParent()
        source.seeds.MergeFromString(
            packed(curves_pb2.SeedList.VALUES_FIELD_NUMBER, _seed_array(seeds))
        )
    return source


def _is_unbroken(seeds: Seeds) -> TypeGuard[range]:
    return isinstance(seeds, range) and seeds.step == 1 and bool(seeds)


def _seed_array(seeds: Seeds) -> Int64Array:
    values = np.atleast_1d(np.asarray(seeds))
    if values.ndim != 1:
        raise ValueError(f"seeds have shape {values.shape}: give a number, a range or a list")
    if isinstance(seeds, np.ndarray) and np.can_cast(values.dtype, np.int64):
        return values.astype(np.int64)
    # Anything else seed by seed: numpy would make an integer of a truth value, and a float of an
    # integer that is too large.
    checked = [_checked(seed) for seed in np.atleast_1d(np.asarray(seeds, object))]
    return np.array(checked, np.int64)


def _checked(seed: object) -> int:
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool):
        raise ValueError(f"seed {seed!r} is not an integer")
    if not MIN_SEED <= seed <= MAX_SEED:
        raise ValueError(f"seed {seed} is not a 64-bit integer: give {MIN_SEED} to {MAX_SEED}")
    return int(seed)


def _noise_source(noise: npt.ArrayLike) -> curves_pb2.CurveSource:
    with np.errstate(over="ignore"):  # The server says what is wrong with an infinity.
        rows = np.asarray(noise, np.float32)
    if rows.ndim != 2:
        raise ValueError(f"noise has shape {rows.shape}: give [n, n_noise]")
    source = curves_pb2.CurveSource()
    source.noise.width = rows.shape[1]
    source.noise.MergeFromString(packed(curves_pb2.NoiseRows.VALUES_FIELD_NUMBER, rows))
    return source


def _field(call: grpc.Call) -> str:
    """Returns the field that an error's details name, or an empty string."""
    status = rpc_status.from_call(call)
    bad_request = BadRequest()
    for detail in status.details if status else ():
        if detail.Unpack(bad_request) and bad_request.field_violations:
            return str(bad_request.field_violations[0].field)
    return ""
