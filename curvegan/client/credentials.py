"""What a client shows to get in: TLS and a token."""

import ipaddress
import re
import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc

from curvegan import tls
from curvegan.errors import CurveganError

# What metadata can carry, without spaces.
_TOKEN = re.compile(r"[!-~]+")
_WHAT_A_TOKEN_IS = "give printable ASCII without spaces"
_HOST = re.compile(
    r"(?:ipv4:|ipv6:|dns:/*)?(?:\[(?P<bracketed>[^\]]+)\]|(?P<plain>[^:]*))(?::\d+)?"
)


@dataclass(frozen=True)
class Tls:
    """Files, in PEM, of a connection by TLS.

    `ca` holds the certificates that may have signed the server's; None trusts what the system
    trusts. `cert` and `key` are the client's own certificate and its key, for a server that asks
    for one.
    """

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        if (self.cert is None) != (self.key is None):
            raise CurveganError(
                "a client's certificate and its key belong together: give both (--tls-cert and "
                "--tls-key)"
            )

    def credentials(self) -> grpc.ChannelCredentials:
        """Returns gRPC's form of it. Raises CurveganError for a file that is not what it should
        be."""
        ca = tls.read_ca(self.ca) if self.ca else _system_roots()
        cert = key = None
        if self.cert and self.key:
            cert, key = tls.read_pair(self.cert, self.key)
        return grpc.ssl_channel_credentials(ca, key, cert)


def read_token(path: Path) -> str:
    """Returns the first token of a file; of a server's own file, too.

    Raises CurveganError if there is none.
    """
    try:
        lines = path.read_bytes().decode("latin-1").splitlines()
    except OSError as error:
        raise CurveganError(f"can't read the token file {path}: {error.strerror}") from None
    token = next((line.strip() for line in lines if line.strip()), None)
    if token is None:
        raise CurveganError(f"the token file {path} is empty: write the token into it")
    if not _TOKEN.fullmatch(token):
        raise CurveganError(f"the first line of {path} is no token: {_WHAT_A_TOKEN_IS}")
    return token


def metadata_of(token: str | None) -> tuple[tuple[str, str], ...]:
    """Returns what every call carries. Raises ValueError, without its text, for what is none."""
    if token is None:
        return ()
    if not _TOKEN.fullmatch(token):
        raise ValueError(f"that is no token: {_WHAT_A_TOKEN_IS}")
    return (("authorization", f"Bearer {token}"),)


def is_loopback(target: str) -> bool:
    """Returns whether `target` is surely on this machine."""
    if target.startswith(("unix:", "unix-abstract:")):
        return True
    match = _HOST.fullmatch(target)
    host = (match["bracketed"] or match["plain"]) if match else ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _system_roots() -> bytes | None:
    """Returns the certificates that the system trusts; None stands for those of Mozilla, which
    come with gRPC."""
    bundle = ssl.get_default_verify_paths().cafile
    return tls.read(Path(bundle)) if bundle else None
