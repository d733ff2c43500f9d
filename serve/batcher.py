"""Joins small calls that come close together: a run for eight costs hardly more than for one."""

import asyncio
import time

from serve.arrays import Float32Array, Int64Array
from serve.batch import Entry, compute
from serve.calls import Call
from serve.engine import Engine

# Calls in a batch: a run for eight costs hardly more than for one, and more would only wait.
_MAX_CALLS = 8
# Turns of the event loop without another call after which a batch that waits for company runs. A
# turn takes some microseconds, and does other calls' work meanwhile.
_TURNS = 8
# So many calls in a row wait in vain before the next ones do not wait.
_PATIENCE = 8
# Of calls that do not wait, each time that so many have come one waits, to see whether others have
# begun to come together.
_LONE_CALLS = 32


class Batcher:
    """Answers calls of few seeds, on the event loop, together with those that come with them.

    Calls wait for company only while that pays.
    """

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._waiting: list[Entry] = []
        self._batch = 0
        self._patience = 0
        self._lone = 0

    async def curves(self, engine: Engine, seeds: Int64Array, call: Call) -> Float32Array:
        """Returns the curves of `seeds`, float32 [n, n_points], and notes the time in `call`."""
        if engine is not self._engine:
            self._run()
            self._engine = engine
        if not self._patience and not self._waiting:
            return self._alone(engine, seeds, call)
        loop = asyncio.get_running_loop()
        entry = Entry(engine, seeds, call, loop.create_future())
        self._waiting.append(entry)
        if len(self._waiting) == _MAX_CALLS:
            self._run()
        elif len(self._waiting) == 1:
            loop.call_soon(self._wait, loop, self._batch, 1, _TURNS)
        return await entry.curves

    def _alone(self, engine: Engine, seeds: Int64Array, call: Call) -> Float32Array:
        self._lone += 1
        if self._lone == _LONE_CALLS:
            self._lone = 0
            self._patience = 1
        start = time.perf_counter()
        curves = engine.curves_from_seeds(seeds)
        call.computed = time.perf_counter() - start
        return curves

    def _wait(self, loop: asyncio.AbstractEventLoop, batch: int, size: int, turns: int) -> None:
        """Runs the batch once nobody has joined it for so many turns of the loop."""
        if batch != self._batch:
            return  # It has run, for it was full.
        if len(self._waiting) > size:
            size, turns = len(self._waiting), _TURNS
        if turns:
            loop.call_soon(self._wait, loop, batch, size, turns - 1)
        else:
            self._run()

    def _run(self) -> None:
        entries, self._waiting = self._waiting, []
        if not entries:
            return
        self._batch += 1
        self._patience = _PATIENCE if len(entries) > 1 else max(0, self._patience - 1)
        compute(entries).answer()
