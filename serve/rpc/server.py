"""The gRPC server: a hardened subclass of grpcio's, or grpcio's own.

grpc.aio's server accepts the calls of all methods in one loop and decodes each call's path: a path
that is not UTF-8 ends the loop, and with it the server. In the hardened server, gRPC's core matches
calls to methods, so no path is decoded, and every method has its own loop. It uses private parts of
grpcio, so it is used only with versions that it was tested with; see docs/decisions/grpc-server.md.
"""

import asyncio
import logging
from typing import Any, NoReturn, Protocol

import grpc
import grpc.aio
from grpc._cython import cygrpc  # type: ignore[attr-defined]

from serve.rpc.handlers import OTHER, Dispatcher

logger = logging.getLogger(__name__)

# The versions of grpcio with which the hardened server was tested.
TESTED = ("1.85.1", "1.85.3")

Options = list[tuple[str, int]]


class GrpcServer(Protocol):
    """The methods of grpc.aio.Server that both servers have."""

    def add_insecure_port(self, address: str) -> int:
        """Listens on an address. Returns the port, or 0 on failure."""

    def add_secure_port(self, address: str, server_credentials: grpc.ServerCredentials) -> int:
        """Listens on an address with TLS. Returns the port, or 0 on failure."""

    async def start(self) -> None:
        """Starts accepting calls."""

    async def stop(self, grace: float | None) -> None:
        """Stops accepting calls, and cancels those still in flight after `grace` seconds."""

    async def wait_for_termination(self, timeout: float | None = None) -> bool:
        """Waits until the server has stopped. Raises the error that stopped it, if there is one."""


def make_server(
    dispatcher: Dispatcher, options: Options, grpcio: str = grpc.__version__
) -> GrpcServer:
    """Returns a server for the methods of `dispatcher`. `options` are gRPC's channel arguments.

    Returns the hardened server if it was tested with the version `grpcio`. Otherwise returns
    grpc.aio's server and logs a warning.
    """
    if grpcio in TESTED:
        return _HardenedServer(dispatcher, options)
    logger.warning(
        "grpcio %s was not tested with the hardened gRPC server (tested: %s): a request whose path "
        "is not UTF-8 will end a worker, which is then restarted",
        grpcio,
        ", ".join(TESTED),
    )
    server = grpc.aio.server(options=options)
    server.add_generic_rpc_handlers((dispatcher,))
    return server


class _HardenedServer(cygrpc.AioServer):  # type: ignore[misc]
    """Serves the methods of a dispatcher, which rejects calls to unknown methods."""

    def __init__(self, dispatcher: Dispatcher, options: Options) -> None:
        super().__init__(asyncio.get_running_loop(), None, (), None, tuple(options), None)
        self._resolver = cygrpc._MethodResolver([dispatcher], {})
        self._calls: set[asyncio.Task[None]] = set()
        # Registers only the names: the dispatcher selects the handlers.
        self.add_registered_method_handlers(dict.fromkeys(dispatcher.methods))

    def add_insecure_port(self, address: str) -> int:
        port: int = super().add_insecure_port(address.encode())
        return port

    def add_secure_port(self, address: str, server_credentials: grpc.ServerCredentials) -> int:
        port: int = super().add_secure_port(address.encode(), server_credentials)
        return port

    async def stop(self, grace: float | None) -> None:
        await self.shutdown(grace)

    async def wait_for_termination(self, timeout: float | None = None) -> bool:
        ended: bool = await super().wait_for_termination(timeout)
        return ended

    def _make_request_call_future(self, method: bytes | None) -> asyncio.Task[NoReturn]:
        """Returns a task that accepts the calls of one method, or of unknown methods for None.

        grpcio calls this once per method, and expects a task that ends with the next call. This one
        runs until the server stops.
        """
        return asyncio.get_running_loop().create_task(self._accept_calls(method))

    async def _accept_calls(self, method: bytes | None) -> NoReturn:
        loop = asyncio.get_running_loop()
        name = method.decode() if method else OTHER
        while True:
            state: Any = await (
                self._request_registered_call(method) if method else self._request_call()
            )
            handling = cygrpc._handle_rpc(name, self._resolver, (), state, loop, False)
            call = loop.create_task(cygrpc._schedule_rpc_coro(handling, state, loop, name))
            self._calls.add(call)  # The event loop keeps only weak references to tasks.
            call.add_done_callback(self._calls.discard)
