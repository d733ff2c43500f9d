"""Claims for the workers where the server listens: ports, on every address of a host, and socket
files.

`0.0.0.0` and `[::]` both are every address of this machine, IPv4 and IPv6: so gRPC's core takes
either, and HTTP follows it.
"""

import errno
import socket
from dataclasses import dataclass
from pathlib import Path

from curvegan.address import Address, SocketFile
from curvegan.errors import ServerError
from serve.process.socket_file import ClaimedFile

# An address that this machine does not have, such as ::1 where IPv6 is switched off.
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_EVERY_IPV4, _EVERY_IPV6 = "0.0.0.0", "[::]"


@dataclass(frozen=True)
class Claim:
    """A port, or a socket file, that is ours: `address` as it was asked for, with the port that it
    took, and `endpoints`, the IP addresses behind it (IPv6 in brackets), each with that port."""

    address: Address | SocketFile
    endpoints: tuple[Address, ...]
    sockets: tuple[socket.socket, ...]
    file: ClaimedFile | None = None

    def grpc_endpoints(self) -> tuple[str, ...]:
        """Returns where gRPC is to listen: of two endpoints that are every address, on one."""
        if isinstance(self.address, SocketFile):
            # gRPC replaces the file by one of its own.
            return (self.address.uri(),)
        every = Address(_EVERY_IPV6, self.address.port)
        return tuple(map(str, (every,) if every in self.endpoints else self.endpoints))

    def listening_sockets(self) -> list[socket.socket]:
        """Returns a worker's listening sockets: its own on each endpoint, or the one of a socket
        file that all workers share. Raises OSError."""
        if isinstance(self.address, SocketFile):
            bound = [held.dup() for held in self.sockets]
        else:
            bound = [_bound(endpoint, shared=True) for endpoint in self.endpoints]
        for listening in bound:
            listening.setblocking(False)
            listening.listen(1024)
        return bound

    def close(self) -> None:
        """Gives back what was claimed; a socket file is removed."""
        for held in self.sockets:
            held.close()
        if self.file:
            self.file.close()


def claim(listen: Address | SocketFile, option: str) -> Claim:
    """Claims `listen` for as long as the claim is open.

    Workers share a port by SO_REUSEPORT, which would also let a second server take it without a
    word. So the claim first binds without it, as a test that nobody listens there, and then holds
    on with it. A host name such as `localhost` may be both 127.0.0.1 and ::1: all are claimed.

    Raises ServerError, which names the command line's `option`, if the host has no address here,
    or something else has the port or the file.
    """
    try:
        return _claim_file(listen) if isinstance(listen, SocketFile) else _claim_all(listen)
    except UnicodeError:
        reason = "its host is not a valid name"
    except OSError as error:
        reason = error.strerror or str(error)
    raise ServerError(f"can't listen on {listen}: {reason}; choose another address with {option}")


def _claim_file(file: SocketFile) -> Claim:
    claimed = ClaimedFile(Path(file.path))
    return Claim(file, (), (claimed.socket,), claimed)


def _claim_all(listen: Address) -> Claim:
    port, absent = listen.port, None
    endpoints: list[Address] = []
    sockets: list[socket.socket] = []
    try:
        for host in _ip_addresses(listen):
            try:
                held = _bound(Address(host, port), shared=False)
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                absent = error
                continue
            sockets.append(held)
            port = held.getsockname()[1]
            endpoints.append(Address(host, port))
        if not sockets and absent:
            raise absent
    except OSError:
        for held in sockets:
            held.close()
        raise
    return Claim(Address(listen.host, port), tuple(endpoints), tuple(sockets))


def _bound(endpoint: Address, *, shared: bool) -> socket.socket:
    host = endpoint.host.strip("[]")
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if ":" in host:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # Connections of an earlier server that linger in TIME_WAIT are no reason to refuse.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, shared)
        bound.bind((host, endpoint.port))
        # From now on only our own workers may join.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, shared)
    except OSError:
        bound.close()
        raise
    return bound


def _ip_addresses(listen: Address) -> list[str]:
    """Returns the IP addresses of the host, those of IPv6 in brackets. Raises OSError."""
    found = socket.getaddrinfo(
        listen.host.strip("[]"), listen.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    hosts = [
        f"[{address[0]}]" if family == socket.AF_INET6 else str(address[0])
        for family, _, _, _, address in found
    ]
    every = (_EVERY_IPV4, _EVERY_IPV6)
    # What was asked for goes first, for messages name it.
    more = every if set(hosts) <= set(every) else ()
    return [*hosts, *(host for host in more if host not in hosts)]
