"""Every setting of the server, with its default: the one place where each stands.

The command line, the environment and a TOML file are read into it by `serve.__main__`.
"""

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from curvegan.address import (
    DEFAULT_ADDRESS,
    DEFAULT_HTTP_ADDRESS,
    Address,
    SocketFile,
    parse_listen,
)
from curvegan.command.command_line import whole_number
from curvegan.errors import ServerError
from curvegan.repository.repository import DEFAULT_MODELS, MAX_VERSION

MIB = 1024 * 1024
# A year, far beyond any use; what is longer overflows somewhere below.
_MAX_SECONDS = 365 * 24 * 3600
_MAX_BYTES = 2**30
# As browsers write it, for it is compared with what they send.
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
class Bounds:
    """What a worker takes upon itself at most; what is over a bound is refused at once.

    The defaults keep a worker below 1 GiB, whatever its clients do.
    """

    max_calls: Count = 256
    """Calls at once, streams among them."""
    max_streams: Count = 64
    """Streams at once."""
    max_rows: Count = 100_000
    """Curves in one answer."""
    max_stream_rows: Count = 100_000_000
    """Curves in one stream."""
    max_request_bytes: Bytes = 2 * MIB
    """Bytes of one request."""
    max_answer_bytes: Bytes = 4 * MIB
    """Bytes of one answer; 4 MiB is what every gRPC client accepts."""
    max_unsent_bytes: Bytes = 128 * MIB
    """Bytes of answers that are being made or sent; further calls wait for their turn."""
    max_wait: Seconds = 10.0
    """Seconds that a request may take to arrive, a call may wait for its turn, and a piece of an
    answer may take to leave over HTTP."""
    max_idle: Seconds = 600.0
    """Seconds without a call after which a connection is closed."""
    max_connection_age: Seconds | None = None
    """Seconds after which a connection of gRPC takes no more calls, so that its client makes a new
    one, maybe to another worker or server; calls in flight go on. Not for HTTP."""


@dataclass(frozen=True)
class Access:
    """Who gets in."""

    tls_cert: Path | None = None
    """The server's certificate (PEM), with those that lead to its root."""
    tls_key: Path | None = None
    """The certificate's private key (PEM)."""
    tls_client_ca: Path | None = None
    """Only clients with a certificate signed by this one (PEM) get in: mutual TLS."""
    token_file: Path | None = None
    """Only clients that send a token of this file get in; one a line, read anew when it changes."""
    cors_origin: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = ()
    """Web pages of this origin, such as https://app.example.org, may ask over HTTP; "*" lets all.
    May be given several times."""
    insecure: Flag = False
    """Listen on other addresses than loopback without TLS."""


@dataclass(frozen=True)
class Settings:
    """What `python -m serve` can be told."""

    models: Path = DEFAULT_MODELS
    """The model repository, as training publishes it."""
    listen: str = DEFAULT_ADDRESS
    """Where gRPC listens: host:port, where port 0 takes a free one, or unix:path, a socket file."""
    http: str = DEFAULT_HTTP_ADDRESS
    """Where HTTP listens (the page, /v2, /metrics, /healthz, /readyz), likewise, or "off"."""
    workers: Annotated[
        int, Parameter(converter=whole_number, validator=Number(gte=1, lte=_MAX_WORKERS))
    ] = 1
    """Processes that share the ports; each has the bounds below for itself."""
    keep: Count = 1
    """How many versions stay loaded: the newest ones, which can be asked for by number."""
    pin: Annotated[
        int | None, Parameter(converter=whole_number, validator=Number(gte=1, lte=MAX_VERSION))
    ] = None
    """Serve this version and no other, whatever is published."""
    grace: Seconds = 30.0
    """Seconds that calls in flight have to finish after SIGTERM."""
    access_log: Flag = False
    """Log every request, one line each."""
    log_format: Literal["text", "json"] = "text"
    """How log lines are written, on standard error."""
    access: Annotated[Access, Parameter(name="*", group="Who gets in")] = Access()
    bounds: Annotated[Bounds, Parameter(name="*", group="Bounds of a worker")] = Bounds()

    def addresses(self) -> tuple[Address | SocketFile, Address | SocketFile | None]:
        """Returns where gRPC and HTTP listen; None where HTTP is off.

        Raises ServerError for text that is not an address, and for a socket file of gRPC with
        several workers.
        """
        grpc = parse_listen(self.listen)
        if isinstance(grpc, SocketFile) and self.workers > 1:
            raise ServerError(
                f"--listen {grpc} is for one worker, for gRPC can't share a socket file: leave "
                f"--workers {self.workers} out, or listen on host:port"
            )
        return grpc, None if self.http == "off" else parse_listen(self.http)

    def check(self) -> None:
        """Raises ServerError for settings that contradict each other, and for what is no path."""
        access = self.access
        for path in (
            self.models, access.tls_cert, access.tls_key, access.tls_client_ca, access.token_file
        ):  # fmt: skip
            if path and "\0" in str(path):
                raise ServerError(f"{str(path)!r} is no path: it holds a null byte")
        if (access.tls_cert is None) != (access.tls_key is None):
            raise ServerError("--tls-cert and --tls-key belong together: give both or neither")
        if access.tls_client_ca and not access.tls_cert:
            raise ServerError("--tls-client-ca needs --tls-cert and --tls-key")
        for origin in access.cors_origin:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ServerError(
                    f"--cors-origin {origin!r} is not an origin as browsers write it: give "
                    'scheme://host, in lower case, with :port unless it is the usual one, or "*"'
                )
        if self.pin is not None and self.keep != 1:
            raise ServerError(f"--pin {self.pin} holds one version: leave --keep {self.keep} out")


def check_exposure(access: Access, hosts: list[str]) -> None:
    """Raises ServerError if one of the IP addresses `hosts`, those of IPv6 in brackets, can be
    reached from elsewhere and nothing protects it."""
    exposed = [host for host in hosts if not ipaddress.ip_address(host.strip("[]")).is_loopback]
    if exposed and not access.tls_cert and not access.insecure:
        raise ServerError(
            f"{exposed[0]} can be reached from other machines: give --tls-cert and --tls-key, or "
            "--insecure to serve it in the clear"
        )
