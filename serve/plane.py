"""The data plane: computes what a request asks for, within the bounds, whatever it came in by."""

import time
from collections.abc import AsyncIterator, Callable
from functools import partial

import grpc

from serve.arrays import Float32Array
from serve.batch_thread import BatchThread
from serve.batcher import Batcher
from serve.calls import Call
from serve.engine import Engine
from serve.settings import Bounds
from serve.share import FairShare
from serve.sources import Noise, Source
from serve.status import RequestError
from serve.versions import Loaded

# Calls of so few seeds are joined: what a run costs beside its rows is most of what they cost.
_BATCHED_ROWS = 64
# Up to here a thread computes calls of seeds together, and the event loop those of noise, which
# takes less time than handing them over.
_SMALL_ROWS = 1024
# What stands in an answer beside its curves, at most.
_OTHER_FIELDS_BYTES = 1024
STREAM_MESSAGE_BYTES = 1024 * 1024


class Plane:
    """One way from a source to its curves, for every transport."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._batcher = Batcher()
        self._batch_thread = BatchThread()
        self._share = FairShare(bounds.max_unsent_bytes, bounds.max_wait)

    def max_rows(self, engine: Engine) -> int:
        """Returns how many curves of `engine` one answer holds at most."""
        fit = (self._bounds.max_answer_bytes - _OTHER_FIELDS_BYTES) // _row_bytes(engine)
        return max(1, min(self._bounds.max_rows, fit))

    async def curves(self, loaded: Loaded, source: Source, call: Call) -> Float32Array:
        """Returns all curves of `source`, float32 [n, n_points].

        Of a large answer `call` holds the memory: release it when the answer has left. Raises
        RequestError if it is larger than an answer may be.
        """
        engine, rows = loaded.engine, source.rows
        _note(call, loaded, source)
        most = self.max_rows(engine)
        if rows > most:
            size = _row_bytes(engine)
            raise RequestError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                call.source_field,
                f"asks for {rows} curves, {rows * size} bytes: one answer holds at most {most} "
                f"curves, {most * size} bytes; ask in parts, or call StreamCurves over gRPC",
            )
        if rows > _SMALL_ROWS:
            return await self._large(engine, source, call)
        if isinstance(source, Noise):
            return _timed(call, partial(source.curves, engine, 0, rows))()
        joined = self._batcher if rows <= _BATCHED_ROWS else self._batch_thread
        return await joined.curves(engine, source.seeds(0, rows), call)

    async def _large(self, engine: Engine, source: Source, call: Call) -> Float32Array:
        # Until it has left, an answer is held twice: as curves and as a message, and then as a
        # message and as what is being sent of it.
        n_bytes = 2 * source.rows * _row_bytes(engine)
        client = call.peer
        curves = await self._share.run(
            client, _timed(call, partial(source.curves, engine, 0, source.rows)), n_bytes
        )
        call.release = partial(self._share.give_back, client, n_bytes)
        return curves

    async def parts(
        self,
        loaded: Loaded,
        source: Source,
        call: Call,
        room: Callable[[int, int], Float32Array],
    ) -> AsyncIterator[Float32Array]:
        """Yields the curves of `source` part by part.

        Each is written where `room` says for its first row and its number of rows, float32
        [rows, n_points]. Raises RequestError if it is longer than a stream may be.
        """
        engine, rows = loaded.engine, source.rows
        _note(call, loaded, source)
        if rows > self._bounds.max_stream_rows:
            raise RequestError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                call.source_field,
                f"asks for {rows} curves: one stream holds at most {self._bounds.max_stream_rows}; "
                "ask in parts",
            )
        step = max(1, STREAM_MESSAGE_BYTES // _row_bytes(engine))
        for start in range(0, rows, step):
            stop = min(start + step, rows)
            part = partial(source.curves, engine, start, stop, room(start, stop - start))
            yield await self._share.run(call.peer, _timed(call, part))


def _row_bytes(engine: Engine) -> int:
    return 4 * engine.n_points


def _note(call: Call, loaded: Loaded, source: Source) -> None:
    call.model, call.version, call.rows = source.model, loaded.number, source.rows


def _timed(call: Call, work: Callable[[], Float32Array]) -> Callable[[], Float32Array]:
    """Returns `work` with its time noted in `call`."""

    def timed() -> Float32Array:
        start = time.perf_counter()
        try:
            return work()
        finally:
            call.computed += time.perf_counter() - start

    return timed
