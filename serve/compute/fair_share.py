"""A fair share of the processor and of memory: clients take turns, whatever each asks for."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import grpc

from serve.calls.status import RequestError
from serve.compute.cores import usable_cores

Result = TypeVar("Result")


@dataclass
class _Turn:
    """Work that waits: what it needs of memory, and the future that says that it may begin."""

    n_bytes: int
    begin: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class FairShare:
    """Runs work in threads, one a core that may be used, within a budget of memory.

    Of the clients that wait, each gets one piece of work done before any gets a second, and none
    holds more than a quarter of the memory. A client that asks for much, or does not read what it
    gets, therefore waits for itself, not the others for it.
    """

    def __init__(self, memory: int, max_wait: float) -> None:
        """`memory` bytes are shared; who waits longer than `max_wait` seconds is refused."""
        self._free_bytes = self._memory = memory
        self._held: Counter[str] = Counter()
        self._max_wait = max_wait
        self._free_threads = usable_cores()
        self._threads = ThreadPoolExecutor(self._free_threads, thread_name_prefix="compute")
        # In order of their turns: who was served moves to the end.
        self._waiting: dict[str, deque[_Turn]] = {}

    async def run(self, client: str, work: Callable[[], Result], n_bytes: int = 0) -> Result:
        """Returns what `work` returns, when it is the turn of `client`.

        `n_bytes` of memory are taken for it; `give_back` them when they are free again, unless
        this raises. Raises RequestError, with RESOURCE_EXHAUSTED, if its turn does not come.
        """
        turn = _Turn(min(n_bytes, self._memory))
        self._waiting.setdefault(client, deque()).append(turn)
        self._begin_turns()
        try:
            await self._begun(turn)
        except BaseException:
            if turn.begin.done() and not turn.begin.cancelled():
                self._end(client, turn.n_bytes)
            turn.begin.cancel()
            raise
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        # A thread can't be stopped: whoever gives up, its thread is free only when the work ends.
        running.add_done_callback(lambda _: self._end(client, 0))
        try:
            return await asyncio.shield(running)
        except BaseException:
            running.add_done_callback(lambda _: self.give_back(client, n_bytes))
            raise

    def give_back(self, client: str, n_bytes: int) -> None:
        """Frees memory that was taken for work of `client`."""
        n_bytes = min(n_bytes, self._memory)
        self._free_bytes += n_bytes
        self._held[client] -= n_bytes
        if not self._held[client]:
            del self._held[client]
        self._begin_turns()

    async def _begun(self, turn: _Turn) -> None:
        if turn.begin.done():
            return
        try:
            async with asyncio.timeout(self._max_wait):
                await turn.begin
        except TimeoutError:
            raise RequestError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                None,
                f"the server is busy: the call's turn did not come within {self._max_wait:g} s",
                retry_after=1.0,
            ) from None

    def _end(self, client: str, n_bytes: int) -> None:
        self._free_threads += 1
        self.give_back(client, n_bytes)

    def _begin_turns(self) -> None:
        """Lets begin, in order, what there are threads and memory for."""
        while self._free_threads and (found := self._next()):
            client, turns = found
            turn = turns.popleft()
            del self._waiting[client]
            if turns:
                self._waiting[client] = turns
            self._free_threads -= 1
            self._free_bytes -= turn.n_bytes
            self._held[client] += turn.n_bytes
            turn.begin.set_result(None)

    def _next(self) -> tuple[str, deque[_Turn]] | None:
        """Returns the client whose turn it is, without those that gave up waiting."""
        is_short = False
        for client in list(self._waiting):
            turns = self._waiting[client]
            while turns and turns[0].begin.done():
                turns.popleft()
            if not turns:
                del self._waiting[client]
                continue
            n_bytes, held = turns[0].n_bytes, self._held[client]
            if n_bytes and held and held + n_bytes > self._memory / 4:
                continue  # It has not yet read what it got before.
            if not n_bytes or (n_bytes <= self._free_bytes and not is_short):
                return client, turns
            # Work that needs less memory does not overtake it for ever; what needs none may.
            is_short = True
        return None
