"""Computes calls of hundreds of seeds beside the event loop, all that have come in one run.

The event loop reads and writes for some calls while a thread computes others. Handing over one call
costs about as much as computing it; several at a time share that cost.
"""

import asyncio
import threading
from queue import Empty, SimpleQueue

from serve.arrays import Float32Array, Int64Array
from serve.batch import Batch, Entry, compute
from serve.calls import Call
from serve.engine import ROWS_PER_RUN, Engine

# After so many calls that the thread computed one by one, the next ones do without it.
_PATIENCE = 8


class BatchThread:
    """Answers calls in the order in which they come; one that comes alone, on the event loop."""

    def __init__(self) -> None:
        self._arrived: list[Entry] = []
        self._queue: SimpleQueue[Entry] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._patience = 0

    async def curves(self, engine: Engine, seeds: Int64Array, call: Call) -> Float32Array:
        """Returns the curves of `seeds`, float32 [n, n_points], and notes the time in `call`."""
        loop = asyncio.get_running_loop()
        entry = Entry(engine, seeds, call, loop.create_future())
        if self._patience:
            self._queue.put(entry)
        else:
            # What comes in the same turn of the loop does not come alone.
            self._arrived.append(entry)
            if len(self._arrived) == 1:
                loop.call_soon(self._begin, loop)
        return await entry.curves

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        arrived, self._arrived = self._arrived, []
        if len(arrived) == 1:
            compute(arrived).answer()
            return
        self._patience = _PATIENCE
        for entry in arrived:
            self._queue.put(entry)
        if not self._thread:
            # It ends with the process.
            self._thread = threading.Thread(
                target=self._work, args=(loop,), name="batches", daemon=True
            )
            self._thread.start()

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """In the thread: computes what is in the queue, for ever."""
        left = None
        while True:
            entries, left = self._next_entries(left or self._queue.get())
            loop.call_soon_threadsafe(self._end, compute(entries))

    def _next_entries(self, first: Entry) -> tuple[list[Entry], Entry | None]:
        """Returns as many calls as one run computes well, and one that did not go with them."""
        entries, rows = [first], len(first.seeds)
        while True:
            try:
                entry = self._queue.get_nowait()
            except Empty:
                return entries, None
            rows += len(entry.seeds)
            if rows > ROWS_PER_RUN or entry.engine is not first.engine:
                return entries, entry
            entries.append(entry)

    def _end(self, batch: Batch) -> None:
        self._patience = _PATIENCE if len(batch.entries) > 1 else max(0, self._patience - 1)
        batch.answer()
