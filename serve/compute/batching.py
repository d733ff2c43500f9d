"""Batches small calls that arrive together: a run for eight costs hardly more than for one.

A row gives the same bytes in every batch, so batching does not change the response. What it gains,
and when to remove it: docs/decisions/batches.md.
"""

import asyncio
import time
from typing import NamedTuple

import numpy as np

from curvegan.arrays import Float32Array
from curvegan.engine import Engine, Rows
from curvegan.repository.description import ModelName
from serve.calls.calls import Call, Calls

_CALLS_PER_BATCH = 8
# A batch runs after this many iterations of the event loop without a new call. An iteration takes
# some microseconds, and runs other calls meanwhile.
_IDLE_ITERATIONS = 8


class _Waiting(NamedTuple):
    inputs: Rows
    call: Call
    curves: asyncio.Future[Float32Array]


class Batcher:
    """Collects one batch at a time, for one model.

    The batch runs when it is full, when all unary calls in flight have joined it, or when no new
    call arrives.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._target: tuple[Engine, ModelName] | None = None
        self._waiting: list[_Waiting] = []

    async def compute(
        self, engine: Engine, model: ModelName, inputs: Rows, call: Call
    ) -> Float32Array:
        """Returns the result of `Engine.run`. Sets `call.computed` to the time of the batch."""
        if (engine, model) != self._target:
            self._run()
            self._target = engine, model
        loop = asyncio.get_running_loop()
        curves: asyncio.Future[Float32Array] = loop.create_future()
        self._waiting.append(_Waiting(inputs, call, curves))
        if len(self._waiting) >= min(_CALLS_PER_BATCH, self._calls.in_flight - self._calls.streams):
            self._run()
        elif len(self._waiting) == 1:
            loop.call_soon(self._wait, self._waiting, 1, _IDLE_ITERATIONS)
        return await curves

    def _wait(self, batch: list[_Waiting], size: int, iterations: int) -> None:
        """Runs `batch` when no call has joined it for this many iterations of the event loop."""
        if batch is not self._waiting:
            return  # The batch has already run.
        if len(batch) > size:
            size, iterations = len(batch), _IDLE_ITERATIONS
        if iterations:
            asyncio.get_running_loop().call_soon(self._wait, batch, size, iterations - 1)
        else:
            self._run()

    def _run(self) -> None:
        batch, self._waiting = self._waiting, []
        # Cleared, so that it does not keep a version in memory that is no longer served.
        target, self._target = self._target, None
        if not batch or not target:
            return
        engine, model = target
        began = time.perf_counter()
        try:
            parts = zip(*[one.inputs for one in batch], strict=True)
            joined = engine.run(model, tuple(map(np.concatenate, parts)))
        except Exception as error:
            for one in batch:
                if not one.curves.done():
                    one.curves.set_exception(error)
            return
        seconds = time.perf_counter() - began
        first = 0
        for one in batch:
            last = first + len(one.inputs[0])
            one.call.computed = seconds
            if not one.curves.done():  # The call may have been cancelled.
                one.curves.set_result(joined[first:last])
            first = last
