"""Where a server listens."""

import re
from dataclasses import dataclass

from curvegan.errors import ServerError

DEFAULT_ADDRESS = "127.0.0.1:8001"
DEFAULT_HTTP_ADDRESS = "127.0.0.1:8000"

_ADDRESS = re.compile(r"(?P<host>\[[^\]]+\]|[^:]+):(?P<port>\d{1,5})", re.ASCII)


@dataclass(frozen=True)
class Address:
    """A host, a name or an IP address (IPv6 in brackets), and a TCP port; port 0 is a free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Returns the address written as host:port. Raises ServerError for anything else."""
        match = _ADDRESS.fullmatch(text)
        if not match or int(match["port"]) >= 2**16:
            raise ServerError(f"{text!r} is no address: give host:port, such as {DEFAULT_ADDRESS}")
        return cls(match["host"], int(match["port"]))

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"
