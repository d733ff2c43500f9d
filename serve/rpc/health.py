"""`grpc.health.v1.Health`: whether the server is serving.

grpcio's own servicer notifies watchers one after the other and waits for each, so a client that
does not read could block the shutdown, and it needs no token.
"""

import asyncio
from collections.abc import Iterable

import grpc
from grpc_health.v1 import health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from serve.calls.status import Context, RequestError


class Health(health_pb2_grpc.HealthServicer):
    """Reports SERVING for each service, and for the server as a whole under the empty name, until
    `shut_down` is called."""

    def __init__(self, services: Iterable[str]) -> None:
        self._services = frozenset(("", *services))
        self._shut_down = asyncio.Event()

    def shut_down(self) -> None:
        """Reports NOT_SERVING from now on, and notifies all watchers."""
        self._shut_down.set()

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
        """Sends the health of a service now and when it changes, until the client disconnects."""
        if request.service not in self._services:
            await context.write(HealthCheckResponse(status=HealthCheckResponse.SERVICE_UNKNOWN))
        else:
            if not self._shut_down.is_set():
                await context.write(self._status())
                await self._shut_down.wait()
            await context.write(self._status())
        await asyncio.get_running_loop().create_future()

    def _status(self) -> HealthCheckResponse:
        is_shut_down = self._shut_down.is_set()
        status = HealthCheckResponse.NOT_SERVING if is_shut_down else HealthCheckResponse.SERVING
        return HealthCheckResponse(status=status)
