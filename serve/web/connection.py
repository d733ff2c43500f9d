"""HTTP's connections: their time limits, and who is let in.

HTTP/1.1 itself is uvicorn's. What stands here beside it, and why, docs/decisions/http-protocol.md
says.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import grpc
import h11
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from serve.calls.calls import Call, Calls
from serve.calls.status import RequestError
from serve.calls.tokens import Tokens
from serve.inference.rest import JSON_LENGTH_HEADER
from serve.rpc.handlers import OTHER
from serve.settings import Bounds
from serve.web.inference_routes import call_name, peer, problem_response
from serve.web.page_routes import is_open

# For a cluster's probes, which have neither token nor certificate.
_ALWAYS_OPEN = ("/healthz", "/readyz", "/v2/health/live", "/v2/health/ready")
# The door's refusals: HTTP status and headers.
_REFUSALS = {
    grpc.StatusCode.UNAVAILABLE: (503, {"Retry-After": "1", "Connection": "close"}),
    grpc.StatusCode.PERMISSION_DENIED: (403, {}),
    grpc.StatusCode.UNAUTHENTICATED: (401, {"WWW-Authenticate": "Bearer"}),
}


class Connection(asyncio.Protocol):
    """A client's connection: uvicorn's, closed when it asks for nothing, begins to ask and does not
    end, or does not read what it asked for."""

    def __init__(self, opened: set["Connection"], bounds: Bounds, **uvicorns: Any) -> None:
        """`opened` are all that there are; `uvicorns` is what uvicorn gives to a protocol."""
        self._opened = opened
        self._max_wait = bounds.max_wait
        self._max_idle = uvicorns["config"].timeout_keep_alive
        # uvicorn hands a copy of its state to the application, as scope["state"].
        self._http = H11Protocol(**uvicorns | {"app_state": {"connection": self}})
        self._loop = asyncio.get_running_loop()
        self._requests = 0
        self._head_has_begun = False
        self._slow_head: asyncio.TimerHandle | None = None
        self._slow_reader: asyncio.TimerHandle | None = None
        self._lost = asyncio.Event()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins; the first request has to begin before long."""
        self._transport = transport
        self._opened.add(self)
        tls = transport.get_extra_info("ssl_object")
        self.has_certificate = bool(tls and tls.getpeercert(binary_form=True))
        self._slow_head = self._loop.call_later(self._max_idle, self._close)
        self._http.connection_made(transport)
        # So that `pause_writing` is called as soon as anything is left unread, however little.
        transport.set_write_buffer_limits(high=1)

    def data_received(self, data: bytes) -> None:
        """Takes what comes; the head of a request has to be there after a while."""
        try:
            self._http.data_received(data)
        except h11.LocalProtocolError:
            # Garbage behind a request whose answer has begun: there is no place for a 400.
            self._transport.close()
        if self._transport.is_closing():
            self._wait_for_reader()
        elif not self._requests and not self._head_has_begun:
            self._end_wait_for_head()
            self._head_has_begun = True
            self._slow_head = self._loop.call_later(self._max_wait, self._close)

    def eof_received(self) -> None:
        """Called when the client has sent all that it will."""
        self._http.eof_received()

    def pause_writing(self) -> None:
        """Called when the client does not read as fast as it is written to."""
        self._http.pause_writing()
        self._wait_for_reader()

    def resume_writing(self) -> None:
        """Called when the client has read all of it."""
        self._http.resume_writing()
        self._end_wait_for_reader()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection and stops its timers."""
        self._opened.discard(self)
        self._end_wait_for_head()
        self._end_wait_for_reader()
        self._http.connection_lost(exc)
        self._lost.set()

    async def serve(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets `app` answer a request of this connection, as long as that can be answered.

        When its rest turns out to be garbage, uvicorn answers 400 and hangs up, does not tell the
        application, and fails over whatever that sends then.
        """
        is_late = False

        async def send_in_time(message: Message) -> None:
            nonlocal is_late
            if self._transport.is_closing():
                is_late = True
            else:
                await send(message)

        with self._request():
            await app(scope, receive, send_in_time)
        if is_late:
            await self._lost.wait()  # Before that, uvicorn would miss the answer.

    @contextmanager
    def _request(self) -> Iterator[None]:
        self._requests += 1
        self._head_has_begun = False
        self._end_wait_for_head()
        try:
            yield
        finally:
            self._requests -= 1

    def _close(self) -> None:
        self._transport.close()
        self._wait_for_reader()  # What is still to be sent keeps a connection open.

    def _wait_for_reader(self) -> None:
        if not self._slow_reader:
            self._slow_reader = self._loop.call_later(self._max_wait, self._transport.abort)

    def _end_wait_for_reader(self) -> None:
        if self._slow_reader:
            self._slow_reader.cancel()
            self._slow_reader = None

    def _end_wait_for_head(self) -> None:
        if self._slow_head:
            self._slow_head.cancel()
            self._slow_head = None


class Door:
    """An ASGI application that lets in who may get in, and counts who may not."""

    def __init__(
        self,
        app: Starlette,
        calls: Calls,
        tokens: Tokens | None,
        opened: set[Connection],
        *,
        needs_certificate: bool,
        max_connections: int,
        cors_origins: Sequence[str],
    ) -> None:
        self._app = app
        self._calls = calls
        self._tokens = tokens
        self._opened = opened
        self._needs_certificate = needs_certificate
        self._max_connections = max_connections
        self._inside: ASGIApp = self._let_in
        if cors_origins:
            # Before anything is refused: a browser asks first without a token, and shows an error
            # of the server's to no page that may not read it.
            self._inside = CORSMiddleware(
                self._let_in,
                allow_origins=cors_origins,
                allow_methods=("GET", "POST"),
                allow_headers=("Authorization", "Content-Encoding", JSON_LENGTH_HEADER),
                expose_headers=("Retry-After", JSON_LENGTH_HEADER),
                allow_private_network=True,
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].strip("/"):
            # Nothing but the page itself has another meaning with a slash behind it.
            scope["path"] = scope["path"].removesuffix("/")
        await scope["state"]["connection"].serve(self._inside, scope, receive, send)

    async def _let_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = None if scope["path"] in _ALWAYS_OPEN else self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
            return
        count_refused(self._calls, self._name(scope), scope, refusal.code)
        status, headers = _REFUSALS[refusal.code]
        await problem_response(status, refusal.problem, headers)(scope, receive, send)

    def _refusal(self, scope: Scope) -> RequestError | None:
        # Not left to uvicorn, which would refuse probes too: a cluster ends what refuses them.
        if len(self._opened) > self._max_connections:
            problem = f"the server is full: it has {len(self._opened)} connections"
            return RequestError(grpc.StatusCode.UNAVAILABLE, None, problem)
        if self._needs_certificate and not scope["state"]["connection"].has_certificate:
            return RequestError(grpc.StatusCode.PERMISSION_DENIED, None, "no client certificate")
        if self._tokens is None or is_open(scope["path"]):
            return None
        return self._tokens.refusal(dict(scope["headers"]).get(b"authorization"))

    def _name(self, scope: Scope) -> str:
        """Returns what a request asks for, as others of its kind are counted."""
        for route in self._app.routes:
            if isinstance(route, Route) and route.matches(scope)[0] is Match.FULL:
                return call_name(scope, route.path)
        return OTHER


def count_refused(calls: Calls, method: str, scope: Scope, code: grpc.StatusCode) -> None:
    """Counts a request that got no further."""
    with calls.counted(Call(method, peer(scope), code=code)):
        pass
