"""Joins small calls that come close together: a run for eight costs hardly more than for one.

A row gives the same bytes in every batch, so it can't be seen which calls are joined. What it
gains, and when to drop it: docs/decisions/batches.md.
"""

import asyncio
import time
from typing import NamedTuple

import numpy as np

from curvegan.arrays import Float32Array, Int64Array
from curvegan.engine import Engine
from curvegan.repository.manifest import ModelName
from serve.calls.calls import Call, Calls

_MAX_CALLS = 8
# Turns of the event loop without another call after which a batch runs. A turn takes some
# microseconds, and does other calls' work meanwhile.
_TURNS = 8


class _Waiting(NamedTuple):
    rows: Int64Array | Float32Array
    call: Call
    curves: asyncio.Future[Float32Array]


class Batches:
    """One batch at a time, of the calls of one model.

    It runs when it is full, when every call in flight that is not a stream has joined it, or when
    no other comes.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._of: tuple[Engine, ModelName] | None = None
        self._waiting: list[_Waiting] = []

    async def curves(
        self, engine: Engine, model: ModelName, rows: Int64Array | Float32Array, call: Call
    ) -> Float32Array:
        """Returns what `Engine.run` does. Notes in `call` the time that the batch took."""
        if (engine, model) != self._of:
            self._run()
            self._of = engine, model
        loop = asyncio.get_running_loop()
        curves: asyncio.Future[Float32Array] = loop.create_future()
        self._waiting.append(_Waiting(rows, call, curves))
        if len(self._waiting) >= min(_MAX_CALLS, self._calls.in_flight - self._calls.streams):
            self._run()
        elif len(self._waiting) == 1:
            loop.call_soon(self._wait, self._waiting, 1, _TURNS)
        return await curves

    def _wait(self, batch: list[_Waiting], size: int, turns: int) -> None:
        """Runs `batch` once no call has joined it for so many turns of the loop."""
        if batch is not self._waiting:
            return  # It has run.
        if len(batch) > size:
            size, turns = len(batch), _TURNS
        if turns:
            asyncio.get_running_loop().call_soon(self._wait, batch, size, turns - 1)
        else:
            self._run()

    def _run(self) -> None:
        batch, self._waiting = self._waiting, []
        of, self._of = self._of, None  # A version that is no longer served is not held here.
        if not batch or not of:
            return
        engine, model = of
        began = time.perf_counter()
        try:
            joined = engine.run(model, np.concatenate([one.rows for one in batch]))
        except Exception as error:
            for one in batch:
                if not one.curves.done():
                    one.curves.set_exception(error)
            return
        seconds = time.perf_counter() - began
        first = 0
        for one in batch:
            last = first + len(one.rows)
            one.call.computed = seconds
            if not one.curves.done():  # Its call may have been cancelled meanwhile.
                one.curves.set_result(joined[first:last])
            first = last
