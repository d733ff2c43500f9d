"""Takes a server's port, on every address that its host has."""

import errno
import socket
from dataclasses import replace

import grpc.aio

from serve.address import Address
from serve.errors import ServerError

# An address that this machine does not have, such as ::1 where IPv6 is switched off.
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def bind(server: grpc.aio.Server, listen: Address) -> Address:
    """Makes `server` listen at `listen` and returns the address with the port that it took.

    `localhost` may be both 127.0.0.1 and ::1. grpc alone is content with one of them, while
    another server holds the other.

    Raises ServerError if the host has no address here, or one of them can't be had.
    """
    try:
        return replace(listen, port=_take_all(server, listen))
    except UnicodeError:
        reason = "its host is no name"
    except OSError as error:
        reason = error.strerror or str(error)
    raise ServerError(f"can't listen on {listen}: {reason}; choose another address with --listen")


def _take_all(server: grpc.aio.Server, listen: Address) -> int:
    port, absent = 0, None
    for host in _ip_addresses(listen):
        try:
            port = _take(server, Address(host, port or listen.port))
        except OSError as error:
            if error.errno not in _NOT_HERE:
                raise
            absent = error
    if absent and not port:
        raise absent
    return port


def _take(server: grpc.aio.Server, address: Address) -> int:
    """Returns the port that was taken. Raises OSError; grpc itself says no reason."""
    try:
        return server.add_insecure_port(str(address))
    except RuntimeError:
        host = address.host.strip("[]")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.bind((host, address.port))
        raise OSError(errno.EADDRINUSE, "the port is in use") from None


def _ip_addresses(listen: Address) -> list[str]:
    """Returns the IP addresses of the host, those of IPv6 in brackets. Raises OSError."""
    found = socket.getaddrinfo(
        listen.host.strip("[]"), listen.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    return [
        f"[{address[0]}]" if family == socket.AF_INET6 else str(address[0])
        for family, _, _, _, address in found
    ]
