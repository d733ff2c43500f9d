"""Calls in flight, over gRPC and HTTP: counts them, applies the limits, and drains them."""

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
from serve.settings import Limits

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

# Seconds by which a client's deadline may expire before ours.
_CLOCK_TOLERANCE = 0.1
# Seconds that an idle stream stays open while the server shuts down.
_DRAIN_IDLE_SECONDS = 0.5


@dataclass(slots=True)
class Call:
    """One call. The method that handles it fills in the model, version, rows and request id.

    `peer` is the client's address; `source_field` is the request field that selects the curves.
    `began` and `ended` are seconds of `time.perf_counter`, `computed` is the number of seconds
    spent in the engine. `release` frees the memory reserved for the response.
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
    """Tracks the calls in flight and decides whether to accept a new one.

    `in_flight` is the number of calls, `streams` the number of streams among them.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._observers: list[Callable[[Call], None]] = []
        self.in_flight = 0
        self.streams = 0
        self._idle = asyncio.Event()
        self._idle.set()
        # Timeouts of streams that are waiting for the next request.
        self._stream_timeouts: set[asyncio.Timeout] = set()
        self.draining = False

    def add_observer(self, observe: Callable[[Call], None]) -> None:
        """Registers `observe`, which is called after every call."""
        self._observers.append(observe)

    def refusal(self, *, is_stream: bool) -> RequestError | None:
        """Returns the error to reject a new call with, or None to accept it."""
        if self.draining:
            return _shutting_down()
        if self.in_flight >= self._limits.max_calls:
            return _overloaded(f"{self.in_flight} calls")
        if is_stream and self.streams >= self._limits.max_streams:
            return _overloaded(f"{self.streams} streams")
        return None

    @contextmanager
    def counted(
        self, call: Call, context: Context | None = None, *, until_sent: bool = False
    ) -> Iterator[None]:
        """Counts `call` as in flight until the `with` block ends or, with `until_sent`, until gRPC
        has sent the response, which takes memory until then.

        Sets the status code of the call. Turns an Exception into a RequestError, which is safe to
        send to the client; a cancellation propagates unchanged. `context` is gRPC's context, None
        for HTTP.
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
            is_late = left is not None and left < _CLOCK_TOLERANCE
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
        """Awaits `reading`, the next request of a stream, and returns it.

        There is no timeout until the server drains. While it drains, raises RequestError if no
        request arrives within a short time.
        """
        try:
            async with asyncio.timeout(_DRAIN_IDLE_SECONDS if self.draining else None) as timeout:
                self._stream_timeouts.add(timeout)
                try:
                    return await reading
                finally:
                    self._stream_timeouts.remove(timeout)
        except TimeoutError:
            raise _shutting_down() from None

    async def drain(self, seconds: float, force: asyncio.Event) -> None:
        """Rejects new calls from now on. Returns when all calls have ended, after `seconds`, or
        when `force` is set.

        Needed because a call that arrives during grpc.aio's own graceful stop gets no response.
        """
        self.draining = True
        if self.in_flight:
            logger.warning(
                "%d calls in flight have %g s to finish; a second signal ends them",
                self.in_flight,
                seconds,
            )
        for timeout in self._stream_timeouts:
            timeout.reschedule(asyncio.get_running_loop().time() + _DRAIN_IDLE_SECONDS)
        waits = [asyncio.create_task(event.wait()) for event in (self._idle, force)]
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()


def _shutting_down() -> RequestError:
    return RequestError(
        grpc.StatusCode.UNAVAILABLE,
        None,
        "the server is shutting down: retry on another server",
        retry_after=0.1,
    )


def _overloaded(in_flight: str) -> RequestError:
    return RequestError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        None,
        f"the server is full: it has {in_flight} in flight",
        retry_after=0.1,
    )
