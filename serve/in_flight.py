"""The calls in flight: counted, so that a server that stops can let them finish."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from serve.status import RequestError

logger = logging.getLogger(__name__)


class InFlight:
    """Counts calls. Once draining it refuses new ones, with UNAVAILABLE.

    grpc.aio's own graceful stop leaves a call that arrives while it stops without any answer.
    """

    def __init__(self) -> None:
        self._count = 0
        self._draining = False
        self._idle = asyncio.Event()
        self._idle.set()

    @contextmanager
    def call(self) -> Iterator[None]:
        """Counts a call for as long as the context lasts. Raises RequestError while draining."""
        if self._draining:
            raise RequestError(
                grpc.StatusCode.UNAVAILABLE, None, "the server is shutting down: try another"
            )
        self._count += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._count -= 1
            if not self._count:
                self._idle.set()

    async def drain(self, seconds: float, hurry: asyncio.Event) -> None:
        """Refuses new calls from now on and waits for the others, at most for `seconds` and not
        longer than until `hurry` is set."""
        self._draining = True
        if self._count:
            logger.warning(
                "%d calls in flight have %g s to finish; a second signal ends them",
                self._count,
                seconds,
            )
        waits = [asyncio.create_task(event.wait()) for event in (self._idle, hurry)]
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
