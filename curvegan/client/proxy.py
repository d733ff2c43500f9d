"""The HTTP proxy that gRPC goes through, so that an error can name it.

gRPC's core decides by itself, from the environment; this follows its rules, and adds one that every
other program knows: `*` in no_proxy is every host.
"""

import ipaddress
import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from curvegan.client.target import Target
from curvegan.errors import CurveganError

_PROXY_VARIABLES = ("grpc_proxy", "https_proxy", "http_proxy")
_NO_PROXY_VARIABLES = ("no_grpc_proxy", "no_proxy")


@dataclass(frozen=True)
class Proxy:
    """A proxy, and the environment's variable that names it; `url` is without user and password."""

    url: str
    variable: str

    def __str__(self) -> str:
        return f"the proxy {self.url} ({self.variable})"


def find_proxy(target: Target) -> Proxy | None:
    """Returns the proxy for calls to `target`, None if they go straight.

    That is so for this machine, and for targets without a single host, for which a proxy could not
    be asked. Raises CurveganError if the variable's value is not a URL.
    """
    variable = next((name for name in _PROXY_VARIABLES if name in os.environ), None)
    if variable is None or target.is_local or not target.host or _is_excepted(target.host):
        return None
    try:
        parts = urlsplit(os.environ[variable])
    except ValueError:
        raise CurveganError(
            f"{variable} is not a URL: give the proxy as http://host:port, or unset {variable}"
        ) from None
    if parts.scheme != "http" or not parts.netloc:
        return None  # gRPC speaks to no other, and goes straight.
    return Proxy(f"http://{parts.netloc.rpartition('@')[2]}", variable)


def no_proxy_variable() -> str:
    """Returns the name of the variable that lists the hosts without a proxy."""
    return next((name for name in _NO_PROXY_VARIABLES if name in os.environ), "no_proxy")


def _is_excepted(host: str) -> bool:
    entries = os.environ.get(no_proxy_variable(), "").lower().split(",")
    return any(_covers(entry.strip(), host) for entry in entries if entry.strip())


def _covers(entry: str, host: str) -> bool:
    if entry == "*" or host.endswith(entry):
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False
