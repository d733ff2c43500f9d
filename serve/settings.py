"""The server's settings and their defaults.

`serve.__main__` fills them from the command line, the environment and a TOML file.
"""

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from curvegan.address import DEFAULT_ADDRESS, DEFAULT_HTTP_ADDRESS, Address
from curvegan.command.command_line import whole_number
from curvegan.errors import ServerError
from curvegan.repository.repository import DEFAULT_MODELS, MAX_VERSION

MIB = 1024 * 1024
# A year; much larger values overflow in the libraries.
_MAX_SECONDS = 365 * 24 * 3600
_MAX_BYTES = 2**30
# As browsers write it, because it is compared with the Origin header.
_ORIGIN = re.compile(
    r"(?!http://.*:80$|https://.*:443$)"
    r"[a-z][a-z0-9+.-]*://([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?"
)
# More than the largest machines have cores.
_MAX_WORKERS = 256

Count = Annotated[int, Parameter(converter=whole_number, validator=Number(gte=1, lte=2**31 - 1))]
Seconds = Annotated[float, Parameter(validator=Number(gt=0, lte=_MAX_SECONDS))]
Bytes = Annotated[
    int, Parameter(converter=whole_number, validator=Number(gte=1024, lte=_MAX_BYTES))
]
Flag = Annotated[bool, Parameter(negative="")]


@dataclass(frozen=True)
class Limits:
    """The limits of one worker. Requests over a limit are rejected.

    The defaults keep a worker below 1 GiB of memory, whatever its clients do.
    """

    max_calls: Count = 256
    """Calls in flight, including streams."""
    max_streams: Count = 64
    """Streams in flight."""
    max_rows: Count = 100_000
    """Curves per response."""
    max_stream_rows: Count = 100_000_000
    """Curves per stream."""
    max_request_bytes: Bytes = 2 * MIB
    """Bytes per request."""
    max_answer_bytes: Bytes = 4 * MIB
    """Bytes per response. Every gRPC client accepts 4 MiB."""
    max_unsent_bytes: Bytes = 128 * MIB
    """Bytes of responses being computed or sent. Further calls wait in a queue."""
    max_wait: Seconds = 10.0
    """Seconds to receive a request, to wait in the queue, and to send part of an HTTP response."""
    max_idle: Seconds = 600.0
    """Close a connection after this many seconds without a call."""
    max_connection_age: Seconds | None = None
    """Close gRPC connections at this age in seconds, without ending calls, to rebalance clients."""


@dataclass(frozen=True)
class Access:
    """TLS, bearer tokens and CORS: which clients the server accepts."""

    tls_cert: Path | None = None
    """Server certificate chain (PEM)."""
    tls_key: Path | None = None
    """Private key of the certificate (PEM)."""
    tls_client_ca: Path | None = None
    """Require client certificates signed by this CA (PEM): mutual TLS."""
    token_file: Path | None = None
    """Require a bearer token from this file (one per line, read again when it changes)."""
    cors_origin: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = ()
    """Allow web pages of this origin, such as https://app.example.org; "*" for any. Repeatable."""
    insecure: Flag = False
    """Allow addresses other than loopback without TLS."""


@dataclass(frozen=True)
class Settings:
    """All settings of `python -m serve`."""

    models: Path = DEFAULT_MODELS
    """Model repository to serve, as written by training."""
    listen: str = DEFAULT_ADDRESS
    """Address for gRPC, as host:port. Port 0 picks a free port."""
    http: str = DEFAULT_HTTP_ADDRESS
    """Address for HTTP (the page, /v2, /metrics, /healthz, /readyz), or "off"."""
    workers: Annotated[
        int, Parameter(converter=whole_number, validator=Number(gte=1, lte=_MAX_WORKERS))
    ] = 1
    """Number of worker processes. They share the ports; the limits below apply to each worker."""
    keep: Count = 1
    """Number of versions to keep loaded, newest first. Clients can request each by its number."""
    pin: Annotated[
        int | None, Parameter(converter=whole_number, validator=Number(gte=1, lte=MAX_VERSION))
    ] = None
    """Serve only this version, even when newer ones are published."""
    grace: Seconds = 30.0
    """Seconds that calls in flight have to finish after SIGTERM."""
    access_log: Flag = False
    """Log every request, one line each."""
    log_format: Literal["text", "json"] = "text"
    """Format of the log on standard error."""
    access: Annotated[Access, Parameter(name="*", group="Access control")] = Access()
    limits: Annotated[Limits, Parameter(name="*", group="Limits of a worker")] = Limits()

    def addresses(self) -> tuple[Address, Address | None]:
        """Returns the addresses of gRPC and of HTTP, None if HTTP is off.

        Raises ServerError for an invalid address.
        """
        return Address.parse(self.listen), None if self.http == "off" else Address.parse(self.http)

    def check(self) -> None:
        """Raises ServerError for contradictory settings and invalid paths."""
        access = self.access
        for path in (
            self.models, access.tls_cert, access.tls_key, access.tls_client_ca, access.token_file
        ):  # fmt: skip
            if path and "\0" in str(path):
                raise ServerError(f"{str(path)!r} is not a valid path: it contains a null byte")
        if (access.tls_cert is None) != (access.tls_key is None):
            raise ServerError("--tls-cert and --tls-key belong together: give both or neither")
        if access.tls_client_ca and not access.tls_cert:
            raise ServerError("--tls-client-ca needs --tls-cert and --tls-key")
        for origin in access.cors_origin:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ServerError(
                    f"--cors-origin {origin!r} is not an origin as browsers write it: give "
                    'scheme://host in lower case, with :port unless it is the default port, or "*"'
                )
        if self.pin is not None and self.keep != 1:
            raise ServerError(
                f"--pin {self.pin} serves a single version: remove --keep {self.keep}"
            )


def check_exposure(access: Access, hosts: list[str]) -> None:
    """Raises ServerError if one of the IP addresses `hosts` (IPv6 in brackets) is not loopback, and
    neither TLS nor --insecure is set."""
    exposed = [host for host in hosts if not ipaddress.ip_address(host.strip("[]")).is_loopback]
    if exposed and not access.tls_cert and not access.insecure:
        raise ServerError(
            f"{exposed[0]} can be reached from other machines: give --tls-cert and --tls-key, or "
            "--insecure to serve without TLS"
        )
