"""`grpc.health.v1.Health`: says whether the server takes calls.

grpc's own servicer tells one watcher after the other of a change, and waits until each has taken
the news: one that reads nothing would hold up the shutdown, and it needs no token.
"""

import asyncio
from collections.abc import Iterable

import grpc
from grpc_health.v1 import health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from serve.calls.status import Context, RequestError


class Health(health_pb2_grpc.HealthServicer):
    """Says of every service, and of the whole server by an empty name, that it serves, until
    `end`."""

    def __init__(self, services: Iterable[str]) -> None:
        self._services = frozenset(("", *services))
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Says from now on that nothing is served."""
        self._ended.set()

    async def Check(  # noqa: N802
        self, request: HealthCheckRequest, _: Context
    ) -> HealthCheckResponse:
        """Returns the health of a service. Raises RequestError, NOT_FOUND, for an unknown one."""
        if request.service not in self._services:
            raise RequestError(grpc.StatusCode.NOT_FOUND, "service", "is not known")
        return self._status()

    async def Watch(  # noqa: N802
        self, request: HealthCheckRequest, context: Context
    ) -> None:
        """Tells of the health of a service now and when it changes, for as long as anyone is
        there."""
        if request.service not in self._services:
            await context.write(HealthCheckResponse(status=HealthCheckResponse.SERVICE_UNKNOWN))
        else:
            if not self._ended.is_set():
                await context.write(self._status())
                await self._ended.wait()
            await context.write(self._status())
        await asyncio.get_running_loop().create_future()

    def _status(self) -> HealthCheckResponse:
        ended = self._ended.is_set()
        status = HealthCheckResponse.NOT_SERVING if ended else HealthCheckResponse.SERVING
        return HealthCheckResponse(status=status)
