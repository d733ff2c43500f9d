"""HTTP connections: timeouts, and admission of requests.

uvicorn implements HTTP/1.1. docs/decisions/http-protocol.md says what this module adds, and why.
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
from serve.settings import Limits
from serve.web.inference_routes import call_name, peer, problem_response
from serve.web.page_routes import is_open

# Kubernetes probes have neither a token nor a certificate.
_PROBES = ("/healthz", "/readyz", "/v2/health/live", "/v2/health/ready")
# HTTP status and headers of rejected requests.
_REFUSALS = {
    grpc.StatusCode.UNAVAILABLE: (503, {"Retry-After": "1", "Connection": "close"}),
    grpc.StatusCode.PERMISSION_DENIED: (403, {}),
    grpc.StatusCode.UNAUTHENTICATED: (401, {"WWW-Authenticate": "Bearer"}),
}


class Connection(asyncio.Protocol):
    """uvicorn's connection with timeouts: closes it when it is idle, when a request's headers are
    incomplete for too long, and when the client does not read the response."""

    def __init__(
        self, open_connections: set["Connection"], limits: Limits, **uvicorn_arguments: Any
    ) -> None:
        """`open_connections` is the set of all open connections, which this one joins;
        `uvicorn_arguments` are uvicorn's arguments for a protocol."""
        self._open_connections = open_connections
        self._max_wait = limits.max_wait
        self._max_idle = uvicorn_arguments["config"].timeout_keep_alive
        # uvicorn passes a copy of its state to the application as scope["state"].
        self._http = H11Protocol(**uvicorn_arguments | {"app_state": {"connection": self}})
        self._loop = asyncio.get_running_loop()
        self._requests = 0
        self._receiving_headers = False
        self._headers_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._lost = asyncio.Event()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Starts the idle timer for the first request."""
        self._transport = transport
        self._open_connections.add(self)
        tls = transport.get_extra_info("ssl_object")
        self.has_certificate = bool(tls and tls.getpeercert(binary_form=True))
        self._headers_timer = self._loop.call_later(self._max_idle, self._close)
        self._http.connection_made(transport)
        # So that `pause_writing` is called as soon as a single byte is left unsent.
        transport.set_write_buffer_limits(high=1)

    def data_received(self, data: bytes) -> None:
        """Passes the data to uvicorn. Starts the headers timer when a request begins."""
        try:
            self._http.data_received(data)
        except h11.LocalProtocolError:
            # Invalid data after a request whose response has begun: it is too late for a 400.
            self._transport.close()
        if self._transport.is_closing():
            self._start_write_timer()
        elif not self._requests and not self._receiving_headers:
            self._stop_headers_timer()
            self._receiving_headers = True
            self._headers_timer = self._loop.call_later(self._max_wait, self._close)

    def eof_received(self) -> None:
        """Called when the client has closed its sending side."""
        self._http.eof_received()

    def pause_writing(self) -> None:
        """Called when the client reads more slowly than we write: starts the write timer."""
        self._http.pause_writing()
        self._start_write_timer()

    def resume_writing(self) -> None:
        """Called when everything has been sent: stops the write timer."""
        self._http.resume_writing()
        self._stop_write_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Removes the connection and stops its timers."""
        self._open_connections.discard(self)
        self._stop_headers_timer()
        self._stop_write_timer()
        self._http.connection_lost(exc)
        self._lost.set()

    async def serve(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs `app` for a request of this connection, and drops its response once the connection
        is closing.

        When the rest of a request is invalid, uvicorn responds 400 and closes the connection, but
        does not notify the application, and raises an exception for what that sends afterwards.
        """
        is_late = False

        async def send_in_time(message: Message) -> None:
            nonlocal is_late
            if not self._transport.is_closing():
                try:
                    await send(message)
                    return
                except h11.LocalProtocolError:
                    # The connection began to close while this waited for the client to read.
                    if not self._transport.is_closing():
                        raise
            is_late = True

        with self._request():
            await app(scope, receive, send_in_time)
        if is_late:
            await self._lost.wait()  # Otherwise uvicorn logs that the response is missing.

    @contextmanager
    def _request(self) -> Iterator[None]:
        self._requests += 1
        self._receiving_headers = False
        self._stop_headers_timer()
        try:
            yield
        finally:
            self._requests -= 1

    def _close(self) -> None:
        self._transport.close()
        self._start_write_timer()  # Unsent data keeps the connection open.

    def _start_write_timer(self) -> None:
        if not self._write_timer:
            self._write_timer = self._loop.call_later(self._max_wait, self._transport.abort)

    def _stop_write_timer(self) -> None:
        if self._write_timer:
            self._write_timer.cancel()
            self._write_timer = None

    def _stop_headers_timer(self) -> None:
        if self._headers_timer:
            self._headers_timer.cancel()
            self._headers_timer = None


class Admission:
    """An ASGI application that authenticates requests and limits connections, before `app`.

    Rejected requests are counted in the metrics.
    """

    def __init__(
        self,
        app: Starlette,
        calls: Calls,
        tokens: Tokens | None,
        open_connections: set[Connection],
        *,
        needs_certificate: bool,
        max_connections: int,
        cors_origins: Sequence[str],
    ) -> None:
        self._app = app
        self._calls = calls
        self._tokens = tokens
        self._open_connections = open_connections
        self._needs_certificate = needs_certificate
        self._max_connections = max_connections
        self._admit_with_cors: ASGIApp = self._admit
        if cors_origins:
            # Outside of admission, because preflight requests have no token, and because pages can
            # read error responses only with CORS headers.
            self._admit_with_cors = CORSMiddleware(
                self._admit,
                allow_origins=cors_origins,
                allow_methods=("GET", "POST"),
                allow_headers=("Authorization", "Content-Encoding", JSON_LENGTH_HEADER),
                expose_headers=("Retry-After", JSON_LENGTH_HEADER),
                allow_private_network=True,
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].strip("/"):
            # A trailing slash makes no difference, except in the path of the page itself.
            scope["path"] = scope["path"].removesuffix("/")
        await scope["state"]["connection"].serve(self._admit_with_cors, scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = None if scope["path"] in _PROBES else self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
            return
        count_refused(self._calls, self._name(scope), scope, refusal.code)
        status, headers = _REFUSALS[refusal.code]
        await problem_response(status, refusal.problem, headers)(scope, receive, send)

    def _refusal(self, scope: Scope) -> RequestError | None:
        # uvicorn's own limit would reject probes too, and Kubernetes would restart the server.
        if len(self._open_connections) > self._max_connections:
            problem = f"the server is full: it has {len(self._open_connections)} open connections"
            return RequestError(grpc.StatusCode.UNAVAILABLE, None, problem)
        if self._needs_certificate and not scope["state"]["connection"].has_certificate:
            return RequestError(grpc.StatusCode.PERMISSION_DENIED, None, "no client certificate")
        if self._tokens is None or is_open(scope["path"]):
            return None
        return self._tokens.refusal(dict(scope["headers"]).get(b"authorization"))

    def _name(self, scope: Scope) -> str:
        """Returns the metrics label of a request."""
        for route in self._app.routes:
            if isinstance(route, Route) and route.matches(scope)[0] is Match.FULL:
                return call_name(scope, route.path)
        return OTHER


def count_refused(calls: Calls, method: str, scope: Scope, code: grpc.StatusCode) -> None:
    """Counts a request that was rejected."""
    with calls.counted(Call(method, peer(scope), code=code)):
        pass
