"""HTTP beside gRPC: health and metrics for those who run the server, /v2 for programs that ask it,
and a page for people."""

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
from typing import Any

import grpc
import h11
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from serve import metrics as prometheus
from serve.calls import Call, Calls
from serve.errors import ServerError
from serve.handlers import OTHER
from serve.listening import Claim, listening_socket
from serve.metrics import Metrics
from serve.page_routes import PageRoutes, is_open
from serve.protocol.routes import InferenceRoutes, peer, problem_response
from serve.settings import Settings
from serve.status import RequestError
from serve.tokens import Tokens
from serve.versions import Versions

# For a cluster's probes, which have neither token nor certificate.
_ALWAYS_OPEN = ("/healthz", "/readyz")
_MAX_HEADER_BYTES = 16 * 1024
# The door's refusals: HTTP status and headers.
_REFUSALS = {
    grpc.StatusCode.UNAVAILABLE: (503, {"Retry-After": "1", "Connection": "close"}),
    grpc.StatusCode.PERMISSION_DENIED: (403, {}),
    grpc.StatusCode.UNAUTHENTICATED: (401, {"WWW-Authenticate": "Bearer"}),
}


class HttpServer:
    """Answers HTTP in a worker's event loop."""

    def __init__(
        self,
        settings: Settings,
        versions: Versions,
        calls: Calls,
        tokens: Tokens | None,
        metrics: Metrics,
        inference: InferenceRoutes,
    ) -> None:
        self._versions = versions
        self._calls = calls
        self._metrics = metrics
        app = Starlette(
            routes=[
                Route("/healthz", self._healthz),
                Route("/readyz", self._readyz),
                Route("/metrics", self._show_metrics),
                *inference.routes(),
                *PageRoutes(versions).routes(),
            ],
            exception_handlers={HTTPException: self._not_offered},
        )
        access = settings.access
        config = _Config(
            settings.bounds.max_wait,
            _Door(
                app,
                calls,
                tokens,
                needs_certificate=access.tls_client_ca is not None,
                max_connections=settings.bounds.max_calls,
            ),
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # Who asks is who connected, whatever a request says.
            timeout_keep_alive=max(1, min(75, round(settings.bounds.max_idle))),
            timeout_graceful_shutdown=1,
            h11_max_incomplete_event_size=_MAX_HEADER_BYTES,
            ssl_certfile=access.tls_cert,
            ssl_keyfile=access.tls_key,
            ssl_ca_certs=str(access.tls_client_ca) if access.tls_client_ca else None,
            # Optional here and asked for by `_Door`, for the probes' sake.
            ssl_cert_reqs=ssl.CERT_OPTIONAL if access.tls_client_ca else ssl.CERT_NONE,
        )
        self._server = _Server(config)
        self._serving: asyncio.Task[None] | None = None

    async def start(self, claim: Claim) -> None:
        """Takes requests on the claimed port from now on."""
        sockets = [listening_socket(endpoint) for endpoint in claim.endpoints]
        self._serving = asyncio.create_task(self._server.serve(sockets))
        while not self._server.started:
            if self._serving.done():
                self._serving.result()
                raise ServerError(f"HTTP can't listen on {claim.address}")
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Ends, once the answers under way have left."""
        if self._serving:
            self._server.should_exit = True
            await self._serving

    async def _healthz(self, _: Request) -> Response:
        return Response("ok\n", media_type="text/plain")

    async def _readyz(self, _: Request) -> Response:
        if self._calls.draining:
            return Response("shutting down\n", 503, media_type="text/plain")
        numbers = ", ".join(map(str, self._versions.numbers()))
        return Response(f"ready: version {numbers}\n", media_type="text/plain")

    async def _not_offered(self, request: Request, error: Exception) -> Response:
        """Answers a request for a page that there is not, or by a method that it does not have."""
        assert isinstance(error, HTTPException)
        _count(self._calls, OTHER, request, grpc.StatusCode.UNIMPLEMENTED)
        return problem_response(error.status_code, error.detail, error.headers)

    async def _show_metrics(self, _: Request) -> Response:
        self._metrics.flush(self._calls.in_flight)
        # Reading every process's files takes milliseconds, which other calls shall not wait for.
        content = await asyncio.to_thread(prometheus.exposition)
        return Response(content, media_type=prometheus.CONTENT_TYPE)


class _Door:
    """Lets in who may get in, and counts who may not."""

    def __init__(
        self,
        app: Starlette,
        calls: Calls,
        tokens: Tokens | None,
        *,
        needs_certificate: bool,
        max_connections: int,
    ) -> None:
        self._app = app
        self._calls = calls
        self._tokens = tokens
        self._needs_certificate = needs_certificate
        self._max_connections = max_connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = None if scope["path"] in _ALWAYS_OPEN else self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
            return
        _count(self._calls, self._name(scope), Request(scope), refusal.code)
        status, headers = _REFUSALS[refusal.code]
        await problem_response(status, refusal.problem, headers)(scope, receive, send)

    def _refusal(self, scope: Scope) -> RequestError | None:
        # Not left to uvicorn, which would refuse probes too: a cluster ends what refuses them.
        if scope["connections"] > self._max_connections:
            problem = f"the server is full: it has {scope['connections']} connections"
            return RequestError(grpc.StatusCode.UNAVAILABLE, None, problem)
        if self._needs_certificate and not scope["has_certificate"]:
            return RequestError(grpc.StatusCode.PERMISSION_DENIED, None, "no client certificate")
        if self._tokens is None or is_open(scope["path"]):
            return None
        return self._tokens.refusal(dict(scope["headers"]).get(b"authorization"))

    def _name(self, scope: Scope) -> str:
        """Returns what a request asks for, as others of its kind are counted."""
        for route in self._app.routes:
            if isinstance(route, Route) and route.matches(scope)[0] is Match.FULL:
                return f"{scope['method']} {route.path}"
        return OTHER


def _count(calls: Calls, method: str, request: Request, code: grpc.StatusCode) -> None:
    """Counts a request that got no further."""
    with calls.counted(Call(method, peer(request), code=code)):
        pass


class _Config(uvicorn.Config):
    """uvicorn's configuration, and ours."""

    def __init__(self, max_wait: float, app: ASGIApp, **uvicorns: Any) -> None:
        super().__init__(app, **uvicorns)
        self.max_wait = max_wait


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: signals are the worker's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Protocol(H11Protocol):
    """Tells the application whether the client showed a certificate and how many connections there
    are, and closes a connection that never asks for anything, or begins to and does not end, or
    does not read what it asked for."""

    config: _Config
    _slow_head: asyncio.TimerHandle | None = None
    _slow_reader: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        has_certificate = bool(tls and tls.getpeercert(binary_form=True))
        app = self.app

        async def with_connection(scope: Scope, receive: Receive, send: Send) -> None:
            known = {"has_certificate": has_certificate, "connections": len(self.connections)}
            await app({**scope, **known}, receive, send)

        self.app = with_connection
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def data_received(self, data: bytes) -> None:
        """Takes what comes; the head of a request has to be there after a while."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._end_wait_for_head()
        elif not self._slow_head:
            self._slow_head = self.loop.call_later(self.config.max_wait, self.transport.close)

    def pause_writing(self) -> None:
        """Is told that an answer's last piece has not yet left."""
        super().pause_writing()
        self._slow_reader = self.loop.call_later(self.config.max_wait, self.transport.abort)

    def resume_writing(self) -> None:
        """Is told that it has."""
        super().resume_writing()
        self._end_wait_for_reader()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._end_wait_for_head()
        self._end_wait_for_reader()

    def _end_wait_for_head(self) -> None:
        if self._slow_head:
            self._slow_head.cancel()
            self._slow_head = None

    def _end_wait_for_reader(self) -> None:
        if self._slow_reader:
            self._slow_reader.cancel()
            self._slow_reader = None

    def send_400_response(self, msg: str) -> None:
        """Answers what is no request; where that comes behind a connection's last one, hangs up."""
        try:
            super().send_400_response(msg)
        except h11.LocalProtocolError:
            self.transport.close()
        if self.cycle:
            # Nothing more can be said: whoever answers a request of which this was the rest need
            # not try, as if the client had gone.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
