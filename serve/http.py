"""HTTP beside gRPC: health and metrics for those who run the server, /v2 for programs that ask it,
and a page for people."""

import asyncio
import contextlib
import ssl
from collections.abc import Iterator

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from serve import metrics as prometheus
from serve.calls import Calls
from serve.listening import Claim, listening_socket
from serve.metrics import Metrics
from serve.page_routes import PageRoutes, is_open
from serve.protocol.routes import InferenceRoutes
from serve.settings import Settings
from serve.tokens import Tokens
from serve.versions import Versions

# For a cluster's probes, which have neither token nor certificate.
_ALWAYS_OPEN = ("/healthz", "/readyz")
_MAX_HEADER_BYTES = 16 * 1024


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
            ]
        )
        access = settings.access
        config = uvicorn.Config(
            _Door(
                app,
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
            timeout_keep_alive=min(75, round(settings.bounds.max_idle)),
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
        while not self._server.started and not self._serving.done():
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

    async def _show_metrics(self, _: Request) -> Response:
        self._metrics.flush(len(self._calls))
        # Reading every process's files takes milliseconds, which other calls shall not wait for.
        content = await asyncio.to_thread(prometheus.exposition)
        return Response(content, media_type=prometheus.CONTENT_TYPE)


class _Door:
    """Lets in who may get in."""

    def __init__(
        self,
        app: ASGIApp,
        tokens: Tokens | None,
        *,
        needs_certificate: bool,
        max_connections: int,
    ) -> None:
        self._app = app
        self._tokens = tokens
        self._needs_certificate = needs_certificate
        self._max_connections = max_connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = None if scope["path"] in _ALWAYS_OPEN else self._refusal(scope)
        await (response or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        # Not left to uvicorn, which would refuse probes too: a cluster ends what refuses them.
        if scope["connections"] > self._max_connections:
            problem = f"the server is full: it has {scope['connections']} connections"
            return _error(503, problem, {"Retry-After": "1", "Connection": "close"})
        if self._needs_certificate and not scope["has_certificate"]:
            return _error(403, "no client certificate")
        if self._tokens is None or is_open(scope["path"]):
            return None
        refusal = self._tokens.refusal(dict(scope["headers"]).get(b"authorization"))
        return _error(401, refusal.problem, {"WWW-Authenticate": "Bearer"}) if refusal else None


def _error(status: int, problem: str, headers: dict[str, str] | None = None) -> Response:
    return Response(
        msgspec.json.encode({"error": problem}),
        status,
        headers=headers,
        media_type="application/json",
    )


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: signals are the worker's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Protocol(H11Protocol):
    """Tells the application whether the client showed a certificate and how many connections there
    are, and closes a connection that never asks for anything."""

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
