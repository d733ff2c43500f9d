"""The data plane: computes the curves that a request asks for, for gRPC and HTTP."""

import time
from collections.abc import AsyncIterator
from functools import partial

import grpc
import numpy as np

from curvegan.arrays import Float32Array
from curvegan.engine import Engine, Rows
from serve.calls.calls import Call, Calls
from serve.calls.status import RequestError
from serve.compute.batching import Batcher
from serve.compute.fair_share import FairShare
from serve.compute.sources import Source
from serve.compute.versions import Loaded
from serve.settings import Limits

# Calls up to this size are batched: the fixed cost of a run is most of their cost.
_BATCHED_ROWS = 64
# Calls up to this size run in the event loop: handing them to a thread takes longer.
_INLINE_ROWS = 1024
_INLINE_BYTES = 64 * 1024
# Upper bound for the fields of a response other than the curves.
_OTHER_FIELDS_BYTES = 1024
STREAM_MESSAGE_BYTES = 1024 * 1024


class Plane:
    """Computes curves within the server's limits. Knows nothing of transports."""

    def __init__(self, limits: Limits, calls: Calls) -> None:
        self._limits = limits
        self._calls = calls
        self._batcher = Batcher(calls)
        self._share = FairShare(limits.max_unsent_bytes, limits.max_wait)

    def max_rows(self, engine: Engine) -> int:
        """Returns the maximum number of curves of `engine` in one response."""
        fit = (self._limits.max_answer_bytes - _OTHER_FIELDS_BYTES) // engine.row_bytes
        return max(1, min(self._limits.max_rows, fit))

    async def compute(self, loaded: Loaded, source: Source, call: Call) -> Float32Array:
        """Returns all curves of `source`, float32 [n, n_points].

        Reserves memory for a large response, which `call.release` frees. Raises RequestError if the
        response would be too large.
        """
        engine, rows = loaded.engine, len(source.values)
        call.model, call.version, call.rows = source.model, loaded.number, rows
        most = self.max_rows(engine)
        if rows > most:
            size = engine.row_bytes
            raise RequestError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                call.source_field,
                f"asks for {rows} curves, {rows * size} bytes: a response holds at most {most} "
                f"curves, {most * size} bytes; split the request, or call StreamCurves over gRPC",
            )
        if rows <= _INLINE_ROWS and rows * engine.row_bytes <= _INLINE_BYTES:
            if self._calls.in_flight - self._calls.streams > 1 and rows <= _BATCHED_ROWS:
                inputs = _inputs(source, 0, rows)
                return await self._batcher.compute(engine, source.model, inputs, call)
            return _compute(engine, source, 0, rows, call)
        # A response is in memory twice until it is sent: as array and message, then as message and
        # send buffer.
        n_bytes = 2 * rows * engine.row_bytes
        computing = partial(_compute, engine, source, 0, rows, call)
        curves = await self._share.run(call.peer, computing, n_bytes)
        call.release = partial(self._share.release, call.peer, n_bytes)
        return curves

    async def stream(
        self, loaded: Loaded, source: Source, call: Call
    ) -> AsyncIterator[tuple[int, Float32Array]]:
        """Yields the curves of `source` in chunks: the number of the first row, and the curves,
        float32 [rows, n_points].

        Raises RequestError if the stream would be too long.
        """
        engine, rows = loaded.engine, len(source.values)
        call.model, call.version, call.rows = source.model, loaded.number, rows
        if rows > self._limits.max_stream_rows:
            raise RequestError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                call.source_field,
                f"asks for {rows} curves: a stream holds at most {self._limits.max_stream_rows}; "
                "split the request",
            )
        step = max(1, STREAM_MESSAGE_BYTES // engine.row_bytes)
        for start in range(0, rows, step):
            computing = partial(_compute, engine, source, start, min(start + step, rows), call)
            yield start, await self._share.run(call.peer, computing)


def _compute(engine: Engine, source: Source, start: int, stop: int, call: Call) -> Float32Array:
    """Returns the curves of rows `start` to `stop` of `source`. Adds the time to `call`."""
    began = time.perf_counter()
    try:
        return engine.run(source.model, _inputs(source, start, stop))
    finally:
        call.computed += time.perf_counter() - began


def _inputs(source: Source, start: int, stop: int) -> Rows:
    """Returns what the model takes for rows `start` to `stop` of `source`."""
    values, labels = source.values[start:stop], source.labels
    if isinstance(values, range):
        values = np.arange(len(values), dtype=np.int64) + values.start
    if labels is None:
        return (values,)
    if isinstance(labels, int):
        return values, np.full(len(values), labels, np.int64)
    return values, labels[start:stop]
