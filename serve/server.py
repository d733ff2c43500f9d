"""Assembles the server: a loaded model, the services, a port, and an orderly end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from serve.address import Address
from serve.engine import Engine
from serve.handlers import Handlers
from serve.in_flight import InFlight
from serve.listening import bind
from serve.pool import ComputePool
from serve.repository import Repository
from serve.service import MAX_MESSAGE_BYTES, SERVICE, CurveService
from serve.stop import Stop

# How long calls in flight may go on after SIGTERM; streams that are longer are cut.
GRACE_SECONDS = 30.0
# Each may hold an answer of 4 MiB that its client is slow to read; more are refused with
# RESOURCE_EXHAUSTED.
MAX_CALLS = 256
# How long the last answers may take to leave once they are made.
_CLOSE_SECONDS = 1.0

_OPTIONS = [
    # Without this two servers take one port without a word, and each gets some of the calls.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
]


@dataclass(frozen=True)
class Ready:
    """What a server that takes calls has to say: which version it serves, and where."""

    version: int
    address: Address


async def serve(repository: Repository, listen: Address, on_ready: Callable[[Ready], None]) -> None:
    """Serves the newest version of `repository` at `listen` until SIGTERM or SIGINT.

    Calls `on_ready` once calls are taken. On the signal new calls are refused with UNAVAILABLE
    and those in flight finish; a second signal ends them.

    Raises RepositoryError if the model can't be loaded, ServerError if the port can't be had.
    """
    stop = Stop()
    model = repository.load(repository.newest())
    engine = Engine.of(model)
    in_flight = InFlight()
    server = grpc.aio.server(options=_OPTIONS, maximum_concurrent_rpcs=MAX_CALLS)
    server.add_generic_rpc_handlers(
        (CurveService(model, engine, ComputePool(), Handlers(in_flight)).handler(),)
    )
    health_servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    names = (SERVICE.full_name, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)
    address = bind(server, listen)
    await server.start()
    for name in ("", SERVICE.full_name):
        await health_servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
    on_ready(Ready(model.sampler_manifest.version, address))

    await stop.asked.wait()
    await health_servicer.enter_graceful_shutdown()
    await in_flight.drain(GRACE_SECONDS, stop.asked_again)
    await server.stop(_CLOSE_SECONDS)
    # grpc.aio ends the calls that are left, such as a watch of the health, only when their tasks
    # next run; a loop that closes before reports each as an error.
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        await asyncio.wait(left, timeout=_CLOSE_SECONDS)
    stop.ignore_more()
