"""gRPC's server, which nothing that a client sends can end.

grpc.aio's own takes the calls of all methods in one loop, which decodes each call's path: one that
is not UTF-8 ends the loop, and the server with it. Here gRPC's core sorts calls by their method, so
that no path is decoded, and every method has a loop of its own. That also saves each call a task
and a wait for the next call of any method: with eight small ones in flight there are 1.4 times as
many a second.

It leans on inner parts of grpcio, whose version is therefore held in pyproject.toml.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, NoReturn

import grpc
from grpc._cython import cygrpc  # type: ignore[attr-defined]

from serve.errors import ServerError
from serve.handlers import Gate


class GrpcServer(cygrpc.AioServer):  # type: ignore[misc]
    """Answers the methods behind a gate; others are UNIMPLEMENTED."""

    def __init__(self, gate: Gate, options: list[tuple[str, int]]) -> None:
        """`options` are gRPC's channel arguments."""
        super().__init__(asyncio.get_running_loop(), None, (), None, tuple(options), None)
        self._resolver = cygrpc._MethodResolver([gate], {})
        self._calls: set[asyncio.Task[None]] = set()
        # Names alone: whom a call goes to, the gate says.
        self.add_registered_method_handlers(dict.fromkeys(gate.methods))

    def listen(self, endpoint: str, credentials: grpc.ServerCredentials | None) -> None:
        """Listens on `endpoint`, an IP address and a port; without `credentials` in the clear.

        To be called before `start`. Raises ServerError if it can't.
        """
        address = endpoint.encode()
        port = (
            self.add_secure_port(address, credentials)
            if credentials
            else self.add_insecure_port(address)
        )
        if not port:
            raise ServerError(f"gRPC can't listen on {endpoint}")

    def _make_request_call_future(self, method: bytes | None) -> asyncio.Task[NoReturn]:
        """Is asked once for every method, and with None for calls of no method that is known.

        What it returns was to end with the next call; it takes all calls and ends with the server.
        """
        taken = self._take_all(method.decode(), method) if method else self._refuse_all()
        return asyncio.get_running_loop().create_task(taken)

    async def _take_all(self, name: str, method: bytes) -> NoReturn:
        loop = asyncio.get_running_loop()
        while True:
            state = await self._request_registered_call(method)
            self._begin(
                cygrpc._handle_rpc(name, self._resolver, (), state, loop, False), state, name
            )

    async def _refuse_all(self) -> NoReturn:
        loop = asyncio.get_running_loop()
        while True:
            state = await self._request_call()
            context = cygrpc._ServicerContext(state, None, None, loop)
            refused = context.abort(cygrpc.StatusCode.unimplemented, "there is no such method")
            self._begin(refused, state, "unknown")

    def _begin(self, handled: Coroutine[Any, Any, None], state: Any, name: str) -> None:
        loop = asyncio.get_running_loop()
        call = loop.create_task(cygrpc._schedule_rpc_coro(handled, state, loop, name))
        self._calls.add(call)  # The loop itself holds tasks but weakly.
        call.add_done_callback(self._calls.discard)
