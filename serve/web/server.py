"""HTTP beside gRPC: health and metrics for those who run the server, /v2 for programs that ask it,
and a page for people."""

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
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
from serve.process.listening import Claim
from serve.rpc.handlers import OTHER
from serve.settings import Settings
from serve.web.connection import Connection, Door, count_refused
from serve.web.inference_routes import InferenceRoutes, problem_response
from serve.web.page_routes import PageRoutes

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
            ],
            exception_handlers={HTTPException: self._not_offered},
        )
        app.router.redirect_slashes = False  # `Door` takes them off.
        access = settings.access
        connections: set[Connection] = set()
        config = uvicorn.Config(
            Door(
                app,
                calls,
                tokens,
                connections,
                needs_certificate=access.tls_client_ca is not None,
                max_connections=settings.bounds.max_calls,
                cors_origins=access.cors_origin,
            ),
            http=partial(Connection, connections, settings.bounds),  # type: ignore[arg-type]
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
            # Optional here and asked for by `Door`, for the probes' sake.
            ssl_cert_reqs=ssl.CERT_OPTIONAL if access.tls_client_ca else ssl.CERT_NONE,
        )
        self._server = _Server(config)
        self._serving: asyncio.Task[None] | None = None

    async def start(self, claim: Claim) -> None:
        """Takes requests where `claim` says from now on."""
        self._serving = asyncio.create_task(self._server.serve(claim.listening_sockets()))
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
        count_refused(self._calls, OTHER, request.scope, grpc.StatusCode.UNIMPLEMENTED)
        return problem_response(error.status_code, error.detail, error.headers)

    async def _show_metrics(self, _: Request) -> Response:
        self._metrics.flush(self._calls.in_flight)
        # Reading every process's files takes milliseconds, which other calls shall not wait for.
        content = await asyncio.to_thread(prometheus.exposition)
        return Response(content, media_type=prometheus.CONTENT_TYPE)


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: signals are the worker's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
