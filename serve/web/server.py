"""The HTTP server: health and metrics for operators, /v2 for programs, and a page for people."""

import asyncio
import ssl
from collections.abc import Sequence
from functools import partial

import grpc
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from curvegan.errors import ServerError
from serve.calls import metrics as prometheus
from serve.calls.calls import Calls
from serve.calls.metrics import Metrics
from serve.calls.tokens import Tokens
from serve.compute.versions import Versions
from serve.process.listening import Claim, listening_socket
from serve.process.signals import WithoutHandlers
from serve.rpc.handlers import OTHER
from serve.settings import Settings
from serve.web.connection import Admission, Connection, count_refused
from serve.web.inference_routes import problem_response

_MAX_HEADER_BYTES = 16 * 1024


class HttpServer:
    """The HTTP server of a worker, in its event loop."""

    def __init__(
        self,
        settings: Settings,
        versions: Versions,
        calls: Calls,
        tokens: Tokens | None,
        metrics: Metrics,
        routes: Sequence[Route],
    ) -> None:
        """`routes` are answered beside the server's own."""
        self._versions = versions
        self._calls = calls
        self._metrics = metrics
        app = Starlette(
            routes=[
                Route("/healthz", self._healthz),
                Route("/readyz", self._readyz),
                Route("/metrics", self._scrape),
                *routes,
            ],
            exception_handlers={HTTPException: self._unknown_route},
        )
        app.router.redirect_slashes = False  # `Admission` removes trailing slashes.
        access = settings.access
        connections: set[Connection] = set()
        config = uvicorn.Config(
            Admission(
                app,
                calls,
                tokens,
                connections,
                needs_certificate=access.tls_client_ca is not None,
                max_connections=settings.limits.max_calls,
                cors_origins=access.cors_origin,
            ),
            http=partial(Connection, connections, settings.limits),  # type: ignore[arg-type]
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # Clients could forge their address.
            timeout_keep_alive=max(1, min(75, round(settings.limits.max_idle))),
            timeout_graceful_shutdown=1,
            h11_max_incomplete_event_size=_MAX_HEADER_BYTES,
            ssl_certfile=access.tls_cert,
            ssl_keyfile=access.tls_key,
            ssl_ca_certs=str(access.tls_client_ca) if access.tls_client_ca else None,
            # Optional here and checked by `Admission`, because probes have no certificate.
            ssl_cert_reqs=ssl.CERT_OPTIONAL if access.tls_client_ca else ssl.CERT_NONE,
        )
        self._server = _Server(config)
        self._serving: asyncio.Task[None] | None = None

    async def start(self, claim: Claim) -> None:
        """Starts accepting requests on the claimed port. Raises ServerError if it can't."""
        sockets = [listening_socket(endpoint) for endpoint in claim.endpoints]
        self._serving = asyncio.create_task(self._server.serve(sockets))
        while not self._server.started:
            if self._serving.done():
                self._serving.result()
                raise ServerError(f"HTTP can't listen on {claim.address}")
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Stops the server after the responses in progress have been sent."""
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

    async def _unknown_route(self, request: Request, error: Exception) -> Response:
        """Handles unknown paths and methods."""
        assert isinstance(error, HTTPException)
        count_refused(self._calls, OTHER, request.scope, grpc.StatusCode.UNIMPLEMENTED)
        return problem_response(error.status_code, error.detail, error.headers)

    async def _scrape(self, _: Request) -> Response:
        self._metrics.flush(self._calls.in_flight)
        # In a thread, because reading the files of all processes takes milliseconds.
        content = await asyncio.to_thread(prometheus.exposition)
        return Response(content, media_type=prometheus.CONTENT_TYPE)


class _Server(WithoutHandlers, uvicorn.Server):
    """uvicorn without its signal handlers: the worker handles signals."""
