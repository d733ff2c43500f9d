"""A worker: one process that answers gRPC and HTTP, from its start to an orderly end."""

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
from serve.calls.metrics import Metrics, model_totals
from serve.calls.tokens import Tokens
from serve.compute.plane import Plane
from serve.compute.settled import Settled
from serve.compute.versions import Versions
from serve.process.listening import Claim
from serve.process.memory import FreeMemory
from serve.process.messages import Failed, Ready, Refused, Report
from serve.process.stop import Stop
from serve.rpc import inference_service as servicer
from serve.rpc import reflection
from serve.rpc.curve_service import SERVICE, CurveService
from serve.rpc.handlers import Gate, Handlers
from serve.rpc.health import Health
from serve.rpc.inference_service import InferenceService, Totals
from serve.rpc.server import make_server
from serve.rpc.standard_services import Aside
from serve.settings import Access, Bounds, Settings
from serve.web.inference_routes import InferenceRoutes
from serve.web.server import HttpServer

logger = logging.getLogger(__name__)

SERVICES = (SERVICE.full_name, servicer.SERVICE.full_name)

# How often the repository is looked at: a listing, and the state of each loaded version's files.
_LOOK_EVERY = 0.25
# How often calls that ended are counted.
_COUNT_EVERY = 0.1
# Calls of a connection that are let in beyond the bound, to be refused with a hint. gRPC's core
# goes on counting calls that their client has given up until we have ended them.
_SPARE_CALLS = 1024
# How often memory that is free is given back to the system.
_GIVE_BACK_EVERY = 0.5
# How long the last answers may take to leave once they are made.
_CLOSE_SECONDS = 1.0


@dataclass(frozen=True)
class Job:
    """What a worker gets from its supervisor.

    `shared_folder` is where all workers keep their metrics and what they settled; `lifeline` is a
    pipe that ends when the supervisor does, `reports` one to tell it things.
    """

    name: str
    settings: Settings
    grpc_claim: Claim
    http_claim: Claim | None
    shared_folder: Path
    lifeline: int
    reports: int

    def report(self, report: Report) -> None:
        """Tells the supervisor, if there still is one."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self.reports, msgspec.json.encode(report) + b"\n")

    def is_orphaned(self) -> bool:
        """Returns whether the supervisor has gone."""
        return bool(select.select([self.lifeline], [], [], 0)[0])


def work(job: Job) -> None:
    """Serves until SIGTERM, or until the supervisor is gone. Tells the supervisor of an error."""
    logs.set_up(job.settings.log_format, job.name)
    try:
        uvloop.run(_serve(job))
    except (CurveganError, OSError) as error:
        # A path need not be text.
        reason = str(error).encode(errors="backslashreplace").decode()
        job.report(Failed(job.name, reason))
    except Exception:
        logger.exception("internal error")
        sys.exit(1)
    finally:
        if job.is_orphaned():
            shutil.rmtree(job.shared_folder, ignore_errors=True)  # Nobody else will.


async def _serve(job: Job) -> None:
    settings, bounds = job.settings, job.settings.bounds
    stop = Stop(job.lifeline)
    metrics = Metrics(job.shared_folder, job.name)
    metrics.flush(0)
    versions = Versions(
        Repository(settings.models),
        Settled(job.shared_folder),
        settings.keep,
        settings.pin,
        lambda number, reason: job.report(Refused(number, reason)),
    )
    versions.refresh()
    metrics.loaded(versions.numbers())
    calls = Calls(bounds)
    calls.add_observer(metrics.ended.append)
    if settings.access_log:
        calls.add_observer(logs.log_access)
    plane = Plane(bounds, calls)
    tokens = Tokens(settings.access.token_file) if settings.access.token_file else None

    handlers = Handlers(calls, bounds.max_wait)
    health_servicer = Health(SERVICES)
    # As many may watch the health as may call.
    aside = Aside(bounds.max_calls, bounds.max_wait)

    async def totals() -> Totals:
        metrics.flush(calls.in_flight)
        return await asyncio.to_thread(model_totals)

    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, cast(grpc.Server, aside))
    reflection.add_to(aside, (*SERVICES, health.SERVICE_NAME))
    methods = {
        **CurveService(versions, plane, handlers).methods(),
        **InferenceService(versions, plane, handlers, totals, calls).methods(),
        **aside.methods,
    }
    gate = Gate(
        methods,
        calls,
        tokens,
        probes=servicer.PROBES,
        while_draining=servicer.WHILE_DRAINING,
    )
    server = make_server(gate, _options(bounds))
    credentials = _credentials(settings.access)
    for endpoint in job.grpc_claim.grpc_endpoints():
        if not (
            server.add_secure_port(endpoint, credentials)
            if credentials
            else server.add_insecure_port(endpoint)
        ):
            raise ServerError(f"gRPC can't listen on {endpoint}")
    routes = InferenceRoutes(versions, plane, calls, totals, bounds)
    http = HttpServer(settings, versions, calls, tokens, metrics, routes)

    # What is there now stays: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    await server.start()
    if job.http_claim:
        await http.start(job.http_claim)
    job.report(Ready(job.name, versions.numbers()[0]))

    async def count() -> None:
        metrics.flush(calls.in_flight)

    tasks = [
        asyncio.create_task(_every(_LOOK_EVERY, lambda: _follow(versions, metrics))),
        asyncio.create_task(_every(_COUNT_EVERY, count)),
        asyncio.create_task(_every(_GIVE_BACK_EVERY, FreeMemory().give_back)),
    ]

    asked = asyncio.create_task(stop.asked.wait())
    ended = asyncio.create_task(server.wait_for_termination())
    await asyncio.wait((asked, ended), return_when=asyncio.FIRST_COMPLETED)
    if ended.done():
        metrics.flush(calls.in_flight)
        raise ServerError("the gRPC server ended by itself")
    health_servicer.end()
    await calls.drain(settings.grace, stop.asked_again)
    for task in tasks:
        task.cancel()
    await server.stop(_CLOSE_SECONDS)
    await http.stop()
    # grpc.aio ends the calls that are left, such as a watch of the health, only when their tasks
    # next run; a loop that closes before reports each as an error.
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        await asyncio.wait(left, timeout=_CLOSE_SECONDS)
    metrics.flush(0)
    stop.ignore_more()


def _options(bounds: Bounds) -> list[tuple[str, int]]:
    options = [
        # The workers share the port; that no stranger does, the supervisor's claim sees to.
        ("grpc.so_reuseport", 1),
        ("grpc.max_receive_message_length", bounds.max_request_bytes),
        ("grpc.max_send_message_length", -1),  # Answers are bounded before they are made.
        # Of one connection: beyond the bound, so that there is room to refuse what is over it.
        ("grpc.max_concurrent_streams", bounds.max_calls + _SPARE_CALLS),
        # A connection on which nobody speaks HTTP/2 goes soon.
        ("grpc.server_handshake_timeout_ms", 5_000),
        ("grpc.max_connection_idle_ms", _milliseconds(bounds.max_idle)),
        # A client that went away without a word is found out.
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        # Clients too may look whether we are still there, also between calls: every 10 s, which
        # comes early at times. Without these two, gRPC ends connections for it.
        ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
        ("grpc.keepalive_permit_without_calls", 1),
    ]
    if bounds.max_connection_age:
        # The connection takes no more calls, and ends with the last that it has.
        options.append(("grpc.max_connection_age_ms", _milliseconds(bounds.max_connection_age)))
    return options


def _milliseconds(seconds: float) -> int:
    """Returns what gRPC takes as a time: at most 24 days, which it takes for no end at all."""
    return min(max(1, round(1000 * seconds)), 2**31 - 1)


async def _follow(versions: Versions, metrics: Metrics) -> None:
    await asyncio.to_thread(versions.refresh)
    metrics.loaded(versions.numbers())


async def _every(seconds: float, act: Callable[[], Awaitable[None]]) -> None:
    """Acts again and again; what goes wrong once may go well the next time."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await act()
        except Exception:
            logger.exception("internal error")


def _credentials(access: Access) -> grpc.ServerCredentials | None:
    """Returns gRPC's form of `access`, or None if it says nothing of TLS. Raises ServerError."""
    if not access.tls_cert or not access.tls_key:
        return None
    return grpc.ssl_server_credentials(
        [(tls.read(access.tls_key), tls.read(access.tls_cert))],
        root_certificates=tls.read(access.tls_client_ca) if access.tls_client_ca else None,
        require_client_auth=access.tls_client_ca is not None,
    )
