"""Fair scheduling of CPU and memory between clients."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import grpc

from curvegan.cores import usable_cores
from serve.calls.status import RequestError

Result = TypeVar("Result")


@dataclass
class _Queued:
    """Work in the queue: the memory it needs, and a future that is done when it may start."""

    n_bytes: int
    started: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class FairShare:
    """Runs work in a thread pool with one thread per usable core, within a memory budget.

    Clients take turns: each of them runs one piece of work before any of them runs a second, and
    none may hold more than a quarter of the memory. So a client that asks for a lot, or reads
    slowly, delays only itself.
    """

    def __init__(self, memory: int, max_wait: float) -> None:
        """`memory` is the budget in bytes, `max_wait` the queue timeout in seconds."""
        self._free_bytes = self._memory = memory
        self._held: Counter[str] = Counter()
        self._max_wait = max_wait
        self._free_threads = usable_cores()
        self._threads = ThreadPoolExecutor(self._free_threads, thread_name_prefix="compute")
        # One queue per client. A client that was served moves to the end.
        self._queues: dict[str, deque[_Queued]] = {}

    async def run(self, client: str, work: Callable[[], Result], n_bytes: int = 0) -> Result:
        """Runs `work` in a thread when it is the turn of `client`, and returns its result.

        Reserves `n_bytes` of memory, which the caller must `release`, unless this raises. Raises
        RequestError, RESOURCE_EXHAUSTED, after `max_wait` seconds in the queue.
        """
        queued = _Queued(min(n_bytes, self._memory))
        self._queues.setdefault(client, deque()).append(queued)
        self._start_next()
        try:
            await self._wait_for_start(queued)
        except BaseException:
            if queued.started.done() and not queued.started.cancelled():
                self._finish(client, queued.n_bytes)
            queued.started.cancel()
            raise
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        # A thread can't be cancelled: it becomes free when the work ends, even after a timeout.
        running.add_done_callback(lambda _: self._finish(client, 0))
        try:
            return await asyncio.shield(running)
        except BaseException:
            running.add_done_callback(lambda _: self.release(client, n_bytes))
            raise

    def release(self, client: str, n_bytes: int) -> None:
        """Releases memory that was reserved for work of `client`."""
        n_bytes = min(n_bytes, self._memory)
        self._free_bytes += n_bytes
        self._held[client] -= n_bytes
        if not self._held[client]:
            del self._held[client]
        self._start_next()

    async def _wait_for_start(self, queued: _Queued) -> None:
        if queued.started.done():
            return
        try:
            async with asyncio.timeout(self._max_wait):
                await queued.started
        except TimeoutError:
            raise RequestError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                None,
                f"the server is busy: the call timed out after {self._max_wait:g} s in the queue",
                retry_after=1.0,
            ) from None

    def _finish(self, client: str, n_bytes: int) -> None:
        self._free_threads += 1
        self.release(client, n_bytes)

    def _start_next(self) -> None:
        """Starts queued work, in order, for which a thread and memory are free."""
        while self._free_threads and (found := self._next()):
            client, queue = found
            queued = queue.popleft()
            del self._queues[client]
            if queue:
                self._queues[client] = queue
            self._free_threads -= 1
            self._free_bytes -= queued.n_bytes
            self._held[client] += queued.n_bytes
            queued.started.set_result(None)

    def _next(self) -> tuple[str, deque[_Queued]] | None:
        """Returns the next client to serve and its queue. Drops work that was cancelled."""
        memory_is_short = False
        for client in list(self._queues):
            queue = self._queues[client]
            while queue and queue[0].started.done():
                queue.popleft()
            if not queue:
                del self._queues[client]
                continue
            n_bytes, held = queue[0].n_bytes, self._held[client]
            if n_bytes and held and held + n_bytes > self._memory / 4:
                continue  # This client has not read its earlier responses yet.
            if not n_bytes or (n_bytes <= self._free_bytes and not memory_is_short):
                return client, queue
            # Smaller requests must not overtake this one forever. Those that need no memory may.
            memory_is_short = True
        return None
