"""The calls in flight, whatever they came in by: counted, bounded, and observed when they end."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import grpc

from serve.calls.status import Context, RequestError, as_request_error
from serve.settings import Bounds

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

# A client's clock may reach the deadline a little before ours.
_CLOCKS_DIFFER = 0.1
# Seconds that a stream without a request is kept open while the server shuts down.
_LAST_WAIT = 0.5


@dataclass(slots=True)
class Call:
    """What is known of one call. Who answers it fills in what it is about.

    `peer` is the client's address; `source_field` names the request's field that says which
    curves. `began` and `ended` are seconds on the clock of `time.perf_counter`, `computed` is how
    many of them the engine took. `release` gives back the memory that the answer holds.
    """

    method: str
    peer: str
    is_stream: bool = False
    began: float = field(default_factory=time.perf_counter)
    ended: float = 0.0
    code: grpc.StatusCode = grpc.StatusCode.OK
    model: str = ""
    version: int = 0
    rows: int = 0
    request_id: str = ""
    source_field: str = "source"
    computed: float = 0.0
    release: Callable[[], None] | None = None


class Calls:
    """Counts calls, and says which new one is one too many.

    `in_flight` is how many there are, `streams` how many of them are streams.
    """

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._observers: list[Callable[[Call], None]] = []
        self.in_flight = 0
        self.streams = 0
        self._idle = asyncio.Event()
        self._idle.set()
        # Of the streams that wait for their client's next request.
        self._waits: set[asyncio.Timeout] = set()
        self.draining = False

    def add_observer(self, observe: Callable[[Call], None]) -> None:
        """Calls `observe` with every call that ends from now on."""
        self._observers.append(observe)

    def refusal(self, *, is_stream: bool) -> RequestError | None:
        """Returns why a new call can't be taken, or None if it can."""
        if self.draining:
            return _leaving()
        if self.in_flight >= self._bounds.max_calls:
            return _full(f"{self.in_flight} calls")
        if is_stream and self.streams >= self._bounds.max_streams:
            return _full(f"{self.streams} streams")
        return None

    @contextmanager
    def counted(
        self, call: Call, context: Context | None = None, *, until_sent: bool = False
    ) -> Iterator[None]:
        """Counts `call` while the `with` block lasts; or `until_sent`, until gRPC has sent what it
        returns, for until then an answer takes memory.

        What ends the block gives the call its status code. An Exception leaves it as a
        RequestError, which is safe to send; a cancellation leaves it as it is. `context` is gRPC's,
        None for HTTP.
        """
        self.in_flight += 1
        self.streams += call.is_stream
        self._idle.clear()
        try:
            yield
        except Exception as error:
            refusal = as_request_error(error)
            call.code = refusal.code
            raise refusal from None
        except BaseException:
            left = context.time_remaining() if context else None
            is_late = left is not None and left < _CLOCKS_DIFFER
            call.code = grpc.StatusCode.DEADLINE_EXCEEDED if is_late else grpc.StatusCode.CANCELLED
            raise
        finally:
            if context and until_sent:
                context.add_done_callback(partial(self._end, call))  # type: ignore[arg-type]
            else:
                self._end(call)

    def _end(self, call: Call, _: Context | None = None) -> None:
        if call.release:
            call.release()
            call.release = None
        call.ended = time.perf_counter()
        self.in_flight -= 1
        self.streams -= call.is_stream
        if not self.in_flight:
            self._idle.set()
        for observe in self._observers:
            observe(call)

    async def next_request(self, reading: Awaitable[Result]) -> Result:
        """Returns what `reading`, a stream's wait for its next request, does.

        It may take for ever, but not while the server drains: what was sent before has arrived
        soon. Raises RequestError then.
        """
        try:
            async with asyncio.timeout(_LAST_WAIT if self.draining else None) as wait:
                self._waits.add(wait)
                try:
                    return await reading
                finally:
                    self._waits.remove(wait)
        except TimeoutError:
            raise _leaving() from None

    async def drain(self, seconds: float, hurry: asyncio.Event) -> None:
        """Refuses new calls from now on and waits for the others, at most for `seconds` and not
        longer than until `hurry` is set.

        grpc.aio's own graceful stop leaves a call that arrives while it stops without any answer.
        """
        self.draining = True
        if self.in_flight:
            logger.warning(
                "%d calls in flight have %g s to finish; a second signal ends them",
                self.in_flight,
                seconds,
            )
        for stream in self._waits:
            stream.reschedule(asyncio.get_running_loop().time() + _LAST_WAIT)
        waits = [asyncio.create_task(event.wait()) for event in (self._idle, hurry)]
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()


def _leaving() -> RequestError:
    return RequestError(
        grpc.StatusCode.UNAVAILABLE,
        None,
        "the server is shutting down: try another",
        retry_after=0.1,
    )


def _full(what: str) -> RequestError:
    return RequestError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        None,
        f"the server is full: it has {what} in flight",
        retry_after=0.1,
    )
