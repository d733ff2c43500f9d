"""Assembles the server: a loaded model, the services, a port, and an orderly end."""

import asyncio
import signal
import socket

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from serve.engine import Engine
from serve.errors import ServerError
from serve.handlers import Handlers
from serve.in_flight import InFlight
from serve.repository import Repository
from serve.service import MAX_MESSAGE_BYTES, SERVICE, CurveService

# How long calls in flight may go on after SIGTERM; streams that are longer are cut.
GRACE_SECONDS = 30.0
# How long the last answers may take to leave once they are made.
_CLOSE_SECONDS = 1.0

_OPTIONS = [
    # Without this two servers take one port without a word, and each gets some of the calls.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
]


async def serve(repository: Repository, listen: str) -> None:
    """Serves the newest version of `repository` at `listen`, host:port, until SIGTERM or SIGINT.

    Port 0 takes a free one; the line printed when it is ready names it. On the signal new calls
    are refused with UNAVAILABLE and those in flight finish.

    Raises RepositoryError if the model can't be loaded, ServerError if the port can't be had.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)

    host = _host(listen)
    model = repository.load(repository.newest())
    description = model.sampler_manifest.description
    engine = Engine(
        model.sampler_onnx,
        model.generator_onnx,
        n_noise=description.n_noise,
        n_points=description.n_points,
    )
    in_flight = InFlight()
    server = grpc.aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers((CurveService(model, engine, Handlers(in_flight)).handler(),))
    health_servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    names = (SERVICE.full_name, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)
    port = _bind(server, listen)
    await server.start()
    for name in ("", SERVICE.full_name):
        await health_servicer.set(name, health_pb2.HealthCheckResponse.SERVING)
    version = model.sampler_manifest.version
    print(f"serving version {version} of {repository.root} on {host}:{port}", flush=True)

    await stop.wait()
    await health_servicer.enter_graceful_shutdown()
    await in_flight.drain(GRACE_SECONDS)
    await server.stop(_CLOSE_SECONDS)


def _host(listen: str) -> str:
    host, colon, port = listen.rpartition(":")
    if not (host and colon and port.isascii() and port.isdigit() and int(port) < 2**16):
        raise ServerError(f"can't listen on {listen!r}: give host:port, such as 127.0.0.1:8001")
    return host


def _bind(server: grpc.aio.Server, listen: str) -> int:
    try:
        return server.add_insecure_port(listen)
    except RuntimeError:
        raise ServerError(
            f"can't listen on {listen}: {_reason(listen)}; choose another address with --listen"
        ) from None


def _reason(listen: str) -> str:
    """Returns why `listen` can't be bound; grpc itself only says that it can't."""
    host, _, port = listen.rpartition(":")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.bind(address)
    except OSError as error:
        return error.strerror or str(error)
    return "the port is in use"
