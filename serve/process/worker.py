"""A worker process: assembles the gRPC and HTTP servers, runs them, and shuts them down."""

import asyncio
import contextlib
import gc
import logging
import os
import select
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import grpc
import msgspec
import uvloop
from grpc_health.v1 import health, health_pb2_grpc

from curvegan import tls
from curvegan.errors import CurveganError, ServerError
from curvegan.repository.repository import Repository
from serve.calls import logs
from serve.calls.calls import Calls
from serve.calls.metrics import Metrics, Totals, model_totals
from serve.calls.tokens import Tokens
from serve.compute.plane import Plane
from serve.compute.version_digests import VersionDigests
from serve.compute.versions import Versions
from serve.process.listening import Claim
from serve.process.memory import HeapTrimmer
from serve.process.messages import Failed, Ready, Refused, WorkerMessage
from serve.process.signals import StopRequest
from serve.rpc import inference_service, reflection
from serve.rpc.curve_service import SERVICE, CurveService
from serve.rpc.handlers import Dispatcher, Handlers
from serve.rpc.health import Health
from serve.rpc.inference_service import InferenceService
from serve.rpc.server import make_server
from serve.rpc.standard_services import StandardServices
from serve.settings import Access, Limits, Settings
from serve.web.inference_routes import InferenceRoutes
from serve.web.page_routes import PageRoutes
from serve.web.server import HttpServer

logger = logging.getLogger(__name__)

SERVICES = (SERVICE.full_name, inference_service.SERVICE.full_name)

# How often to check the repository: lists it, and stats the files of each loaded version.
_REFRESH_SECONDS = 0.25
# How often to flush the metrics.
_FLUSH_SECONDS = 0.1
# gRPC accepts this many more calls per connection than the limit, so that we can reject them with a
# retry delay. gRPC's core counts calls that their client has cancelled until we have ended them.
_SPARE_CALLS = 1024
# How often to trim the heap.
_TRIM_SECONDS = 0.5
# Timeout for sending the last responses.
_CLOSE_SECONDS = 1.0


@dataclass(frozen=True)
class Job:
    """What the supervisor passes to a worker.

    `shared_folder` holds all workers' metrics and version digests. `lifeline` is the read end of a
    pipe that closes when the supervisor exits, `messages` the write end of the pipe to it.
    """

    name: str
    settings: Settings
    grpc_claim: Claim
    http_claim: Claim | None
    shared_folder: Path
    lifeline: int
    messages: int

    def send(self, message: WorkerMessage) -> None:
        """Sends a message to the supervisor, unless it has exited."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self.messages, msgspec.json.encode(message) + b"\n")

    def is_orphaned(self) -> bool:
        """Returns whether the supervisor has exited."""
        return bool(select.select([self.lifeline], [], [], 0)[0])


def work(job: Job) -> None:
    """Serves until SIGTERM or until the supervisor exits. Sends errors to the supervisor."""
    logs.set_up(job.settings.log_format, job.name)
    try:
        uvloop.run(_serve(job))
    except (CurveganError, OSError) as error:
        # A path in the message may contain bytes that are not valid UTF-8.
        reason = str(error).encode(errors="backslashreplace").decode()
        job.send(Failed(job.name, reason))
    except Exception:
        logger.exception("internal error")
        sys.exit(1)
    finally:
        if job.is_orphaned():  # The supervisor would have removed it.
            shutil.rmtree(job.shared_folder, ignore_errors=True)


async def _serve(job: Job) -> None:
    settings, limits = job.settings, job.settings.limits
    stop = StopRequest(job.lifeline)
    metrics = Metrics(job.shared_folder, job.name)
    metrics.flush(0)
    versions = Versions(
        Repository(settings.models),
        VersionDigests(job.shared_folder),
        settings.keep,
        settings.pin,
        lambda number, reason: job.send(Refused(number, reason)),
    )
    versions.refresh()
    metrics.loaded(versions.numbers())
    calls = Calls(limits)
    calls.add_observer(metrics.ended.append)
    if settings.access_log:
        calls.add_observer(logs.log_access)
    plane = Plane(limits, calls)
    tokens = Tokens(settings.access.token_file) if settings.access.token_file else None

    handlers = Handlers(calls, limits.max_wait)
    health_servicer = Health(SERVICES)
    standard_services = StandardServices(limits.max_calls, limits.max_wait)

    async def totals() -> Totals:
        metrics.flush(calls.in_flight)
        return await asyncio.to_thread(model_totals)

    health_pb2_grpc.add_HealthServicer_to_server(
        health_servicer, cast(grpc.Server, standard_services)
    )
    reflection.add_to(standard_services, (*SERVICES, health.SERVICE_NAME))
    methods = {
        **CurveService(versions, plane, handlers).methods(),
        **InferenceService(versions, plane, handlers, totals, calls).methods(),
        **standard_services.methods,
    }
    dispatcher = Dispatcher(
        methods,
        calls,
        tokens,
        probes=inference_service.PROBES,
        while_draining=inference_service.WHILE_DRAINING,
    )
    server = make_server(dispatcher, _options(limits))
    credentials = _credentials(settings.access)
    for endpoint in job.grpc_claim.grpc_endpoints():
        if not (
            server.add_secure_port(endpoint, credentials)
            if credentials
            else server.add_insecure_port(endpoint)
        ):
            raise ServerError(f"gRPC can't listen on {endpoint}")
    routes = [
        *InferenceRoutes(versions, plane, calls, totals, limits).routes(),
        *PageRoutes(versions, plane).routes(),
    ]
    http = HttpServer(settings, versions, calls, tokens, metrics, routes)

    # These objects live as long as the process: exclude them from garbage collection.
    gc.collect()
    gc.freeze()
    await server.start()
    if job.http_claim:
        await http.start(job.http_claim)
    job.send(Ready(job.name, versions.numbers()[0]))

    async def flush() -> None:
        metrics.flush(calls.in_flight)

    tasks = [
        asyncio.create_task(_every(_REFRESH_SECONDS, lambda: _refresh(versions, metrics))),
        asyncio.create_task(_every(_FLUSH_SECONDS, flush)),
        asyncio.create_task(_every(_TRIM_SECONDS, HeapTrimmer().trim)),
    ]

    asked = asyncio.create_task(stop.asked.wait())
    ended = asyncio.create_task(server.wait_for_termination())
    await asyncio.wait((asked, ended), return_when=asyncio.FIRST_COMPLETED)
    if ended.done():
        metrics.flush(calls.in_flight)
        raise ServerError("the gRPC server stopped unexpectedly")
    health_servicer.shut_down()
    await calls.drain(settings.grace, stop.asked_again)
    for task in tasks:
        task.cancel()
    await server.stop(_CLOSE_SECONDS)
    await http.stop()
    # grpc.aio cancels the remaining calls, such as health watches, but their tasks end only when
    # they run again. Closing the event loop before that would log an error for each.
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        await asyncio.wait(left, timeout=_CLOSE_SECONDS)
    metrics.flush(0)
    stop.ignore_more()


def _options(limits: Limits) -> list[tuple[str, int]]:
    options = [
        # Workers share the port. The supervisor has made sure that no other server does.
        ("grpc.so_reuseport", 1),
        ("grpc.max_receive_message_length", limits.max_request_bytes),
        # Unlimited, because the data plane limits the size of responses.
        ("grpc.max_send_message_length", -1),
        ("grpc.max_concurrent_streams", limits.max_calls + _SPARE_CALLS),  # per connection
        # Closes connections whose clients do not speak HTTP/2.
        ("grpc.server_handshake_timeout_ms", 5_000),
        ("grpc.max_connection_idle_ms", _milliseconds(limits.max_idle)),
        # Detects clients that disappeared without closing their connection.
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        # Allows clients to send keepalive pings every 10 s, also between calls; some come early.
        # Without these two options, gRPC would close their connections.
        ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
        ("grpc.keepalive_permit_without_calls", 1),
    ]
    if limits.max_connection_age:
        # gRPC then closes the connection when its last call in flight has ended.
        options.append(("grpc.max_connection_age_ms", _milliseconds(limits.max_connection_age)))
    return options


def _milliseconds(seconds: float) -> int:
    """Converts to milliseconds, at most gRPC's maximum of 24 days, which it treats as unlimited."""
    return min(max(1, round(1000 * seconds)), 2**31 - 1)


async def _refresh(versions: Versions, metrics: Metrics) -> None:
    await asyncio.to_thread(versions.refresh)
    metrics.loaded(versions.numbers())


async def _every(seconds: float, run: Callable[[], Awaitable[None]]) -> None:
    """Calls `run` every `seconds`. Logs exceptions and continues."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await run()
        except Exception:
            logger.exception("internal error")


def _credentials(access: Access) -> grpc.ServerCredentials | None:
    """Returns gRPC's TLS credentials, or None without TLS. Raises ServerError for invalid files."""
    if not access.tls_cert or not access.tls_key:
        return None
    return grpc.ssl_server_credentials(
        [(tls.read(access.tls_key), tls.read(access.tls_cert))],
        root_certificates=tls.read(access.tls_client_ca) if access.tls_client_ca else None,
        require_client_auth=access.tls_client_ca is not None,
    )
