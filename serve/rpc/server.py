"""gRPC's server: a hardened one, which nothing that a client sends can end, or grpcio's own.

grpc.aio's own takes the calls of all methods in one loop, which decodes each call's path: one that
is not UTF-8 ends the loop, and the server with it. In the hardened one gRPC's core sorts calls by
their method, so that no path is decoded, and every method has a loop of its own. It leans on inner
parts of grpcio, so only the versions that it was tested with get it; see
docs/decisions/grpc-server.md.
"""

import asyncio
import logging
from typing import Any, NoReturn, Protocol

import grpc
import grpc.aio
from grpc._cython import cygrpc  # type: ignore[attr-defined]

from serve.rpc.handlers import OTHER, Gate

logger = logging.getLogger(__name__)

# The versions of grpcio with which the tests of the hardened server have passed.
TESTED = ("1.85.1", "1.85.3")

Options = list[tuple[str, int]]


class GrpcServer(Protocol):
    """What both servers have: grpc.aio.Server's own methods."""

    def add_insecure_port(self, address: str) -> int:
        """Listens on an address; returns the port, 0 if it can't."""

    def add_secure_port(self, address: str, server_credentials: grpc.ServerCredentials) -> int:
        """Listens on an address by TLS; returns the port, 0 if it can't."""

    async def start(self) -> None:
        """Takes calls from now on."""

    async def stop(self, grace: float | None) -> None:
        """Takes no more calls, and ends those that are left after `grace` seconds."""

    async def wait_for_termination(self, timeout: float | None = None) -> bool:
        """Returns when the server has ended. Raises what ended it, if that was not `stop`."""


def make_server(gate: Gate, options: Options, grpcio: str = grpc.__version__) -> GrpcServer:
    """Returns a server of the methods behind `gate`; `options` are gRPC's channel arguments.

    It is the hardened one if the version `grpcio` was tested with it, else grpc.aio's, with a
    warning in the log.
    """
    if grpcio in TESTED:
        return _HardenedServer(gate, options)
    logger.warning(
        "grpcio %s was not tested with the hardened gRPC server (%s were): a request whose path is "
        "not UTF-8 ends a worker, which is then started again",
        grpcio,
        ", ".join(TESTED),
    )
    server = grpc.aio.server(options=options)
    server.add_generic_rpc_handlers((gate,))
    return server


class _HardenedServer(cygrpc.AioServer):  # type: ignore[misc]
    """Answers the methods behind a gate, which refuses calls of others."""

    def __init__(self, gate: Gate, options: Options) -> None:
        super().__init__(asyncio.get_running_loop(), None, (), None, tuple(options), None)
        self._resolver = cygrpc._MethodResolver([gate], {})
        self._calls: set[asyncio.Task[None]] = set()
        # Names alone: whom a call goes to, the gate says.
        self.add_registered_method_handlers(dict.fromkeys(gate.methods))

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
        """Takes calls of one method, or of no known one for None; grpcio asks once for each.

        What grpcio expects here ends with the next call; this ends with the server.
        """
        return asyncio.get_running_loop().create_task(self._take_calls(method))

    async def _take_calls(self, method: bytes | None) -> NoReturn:
        loop = asyncio.get_running_loop()
        name = method.decode() if method else OTHER
        while True:
            state: Any = await (
                self._request_registered_call(method) if method else self._request_call()
            )
            handling = cygrpc._handle_rpc(name, self._resolver, (), state, loop, False)
            call = loop.create_task(cygrpc._schedule_rpc_coro(handling, state, loop, name))
            self._calls.add(call)  # The loop itself holds tasks but weakly.
            call.add_done_callback(self._calls.discard)
