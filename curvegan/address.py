"""Where a server listens: a port, or a socket file."""

import os
import re
from dataclasses import dataclass
from urllib.parse import quote

from curvegan.errors import ServerError

DEFAULT_PORT = 8001
DEFAULT_ADDRESS = f"127.0.0.1:{DEFAULT_PORT}"
DEFAULT_HTTP_ADDRESS = "127.0.0.1:8000"
EXAMPLE = f"give host:port, such as {DEFAULT_ADDRESS}"
UNIX = "unix:"

_SOCKET_EXAMPLE = f"{UNIX}/run/curvegan.sock"
# What fits into the system's form of the address of a socket file.
_MAX_PATH_BYTES = 107
_HOST_AND_PORT = re.compile(r"(?P<host>\[[^\]]+\]|[^:]+):(?P<port>\d{1,5})", re.ASCII)


@dataclass(frozen=True)
class Address:
    """A host, a name or an IP address (IPv6 in brackets), and a TCP port; port 0 is a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class SocketFile:
    """A unix socket: a file through which programs of one machine talk."""

    path: str

    @classmethod
    def parse(cls, text: str) -> "SocketFile":
        """Returns the socket written as unix:path or unix:///path. Raises ValueError for anything
        else."""
        path = text.removeprefix(UNIX)
        if path.startswith("//"):
            path = path[2:]
            if not path.startswith("/"):
                raise ValueError(f"a path after {UNIX}// begins with /; give {UNIX}/{path}")
        problem = ""
        if not path:
            problem = "it has no path"
        elif "\0" in path:
            problem = "its path holds a null byte"
        elif len(os.fsencode(path)) > _MAX_PATH_BYTES:
            problem = f"its path is longer than {_MAX_PATH_BYTES} bytes"
        if problem:
            raise ValueError(f"{problem}; give a socket file, such as {_SOCKET_EXAMPLE}")
        return cls(path)

    def uri(self) -> str:
        """Returns the socket as gRPC takes it, with escapes."""
        return UNIX + quote(os.fsencode(self.path))

    def __str__(self) -> str:
        return f"{UNIX}{self.path}"


def parse_listen(text: str) -> Address | SocketFile:
    """Returns where a server listens, written as host:port or unix:path.

    Raises ServerError for anything else.
    """
    if text.startswith(UNIX):
        try:
            return SocketFile.parse(text)
        except ValueError as error:
            raise ServerError(f"{text!r} is not an address: {error}") from None
    match = _HOST_AND_PORT.fullmatch(text)
    if not match or int(match["port"]) >= 2**16:
        raise ServerError(f"{text!r} is not an address: {EXAMPLE}, or {_SOCKET_EXAMPLE}")
    return Address(match["host"], int(match["port"]))
