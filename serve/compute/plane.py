"""The data plane: computes what a request asks for, within the bounds, whatever it came in by."""

import time
from collections.abc import AsyncIterator
from functools import partial

import grpc
import numpy as np

from curvegan.arrays import Float32Array, Int64Array
from curvegan.engine import Engine
from serve.calls.calls import Call, Calls
from serve.calls.status import RequestError
from serve.compute.batching import Batches
from serve.compute.fair_share import FairShare
from serve.compute.sources import Source
from serve.compute.versions import Loaded
from serve.settings import Bounds

# Up to here calls are joined: what a run costs beside its rows is most of what they cost.
_JOINED_ROWS = 64
# Up to here the event loop computes by itself: handing a call over to a thread takes longer.
_SMALL_ROWS = 1024
_SMALL_BYTES = 64 * 1024
# What stands in an answer beside its curves, at most.
_OTHER_FIELDS_BYTES = 1024
STREAM_MESSAGE_BYTES = 1024 * 1024


class Plane:
    """One way from a source to its curves, for every transport."""

    def __init__(self, bounds: Bounds, calls: Calls) -> None:
        self._bounds = bounds
        self._calls = calls
        self._batches = Batches(calls)
        self._share = FairShare(bounds.max_unsent_bytes, bounds.max_wait)

    def max_rows(self, engine: Engine) -> int:
        """Returns how many curves of `engine` one answer holds at most."""
        fit = (self._bounds.max_answer_bytes - _OTHER_FIELDS_BYTES) // engine.row_bytes
        return max(1, min(self._bounds.max_rows, fit))

    async def curves(self, loaded: Loaded, source: Source, call: Call) -> Float32Array:
        """Returns all curves of `source`, float32 [n, n_points].

        Of a large answer `call` holds the memory until it is released. Raises RequestError if it is
        larger than an answer may be.
        """
        engine, rows = loaded.engine, len(source.values)
        call.model, call.version, call.rows = source.model, loaded.number, rows
        most = self.max_rows(engine)
        if rows > most:
            size = engine.row_bytes
            raise RequestError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                call.source_field,
                f"asks for {rows} curves, {rows * size} bytes: one answer holds at most {most} "
                f"curves, {most * size} bytes; ask in parts, or call StreamCurves over gRPC",
            )
        if rows <= _SMALL_ROWS and rows * engine.row_bytes <= _SMALL_BYTES:
            if self._calls.in_flight - self._calls.streams > 1 and rows <= _JOINED_ROWS:
                values = _rows(source, 0, rows)
                return await self._batches.curves(engine, source.model, values, call)
            return _compute(engine, source, 0, rows, call)
        # Until it has left, an answer is held twice: as curves and as a message, and then as a
        # message and as what is being sent of it.
        n_bytes = 2 * rows * engine.row_bytes
        computing = partial(_compute, engine, source, 0, rows, call)
        curves = await self._share.run(call.peer, computing, n_bytes)
        call.release = partial(self._share.give_back, call.peer, n_bytes)
        return curves

    async def parts(
        self, loaded: Loaded, source: Source, call: Call
    ) -> AsyncIterator[tuple[int, Float32Array]]:
        """Yields the curves of `source` part by part: the first row's number, and the curves,
        float32 [rows, n_points].

        Raises RequestError if it is longer than a stream may be.
        """
        engine, rows = loaded.engine, len(source.values)
        call.model, call.version, call.rows = source.model, loaded.number, rows
        if rows > self._bounds.max_stream_rows:
            raise RequestError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                call.source_field,
                f"asks for {rows} curves: one stream holds at most {self._bounds.max_stream_rows}; "
                "ask in parts",
            )
        step = max(1, STREAM_MESSAGE_BYTES // engine.row_bytes)
        for start in range(0, rows, step):
            computing = partial(_compute, engine, source, start, min(start + step, rows), call)
            yield start, await self._share.run(call.peer, computing)


def _compute(engine: Engine, source: Source, start: int, stop: int, call: Call) -> Float32Array:
    """Returns the curves of some rows of `source`, and adds the time that it took to the call's."""
    began = time.perf_counter()
    try:
        return engine.run(source.model, _rows(source, start, stop))
    finally:
        call.computed += time.perf_counter() - began


def _rows(source: Source, start: int, stop: int) -> Int64Array | Float32Array:
    """Returns the rows of `source` from `start` to before `stop` as an array."""
    values = source.values[start:stop]
    if isinstance(values, range):
        return np.arange(len(values), dtype=np.int64) + values.start
    return values
