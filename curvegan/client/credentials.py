"""How a client proves who it is: TLS and a token."""

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


@dataclass(frozen=True)
class Tls:
    """Files, in PEM, of a connection by TLS.

    `ca` holds the certificates that may have signed the server's; None stands for those that the
    system trusts. `cert` and `key` are the client's own certificate and its key, for a server that
    asks for one. Raises CurveganError if only one of the two is given.
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
        """Returns them as gRPC takes them. Raises CurveganError for a file that can't be read, or
        that does not hold what it should."""
        ca = tls.read_ca(self.ca) if self.ca else _system_roots()
        cert = key = None
        if self.cert and self.key:
            cert, key = tls.read_pair(self.cert, self.key)
        return grpc.ssl_channel_credentials(ca, key, cert)


def read_token(path: Path) -> str:
    """Returns the first token of a file, which may be a server's own.

    Raises CurveganError if it can't be read, or does not begin with a valid token.
    """
    try:
        lines = path.read_bytes().decode("latin-1").splitlines()
    except OSError as error:
        raise CurveganError(f"can't read the token file {path}: {error.strerror}") from None
    token = next((line.strip() for line in lines if line.strip()), None)
    if token is None:
        raise CurveganError(f"the token file {path} is empty: write the token into it")
    if not _TOKEN.fullmatch(token):
        raise CurveganError(f"the first line of {path} is not a valid token: {_WHAT_A_TOKEN_IS}")
    return token


def metadata_of(token: str | None) -> tuple[tuple[str, str], ...]:
    """Returns the metadata that every call carries. Raises ValueError, which does not show the
    token, if that is not valid."""
    if token is None:
        return ()
    if not _TOKEN.fullmatch(token):
        raise ValueError(f"the token is not valid: {_WHAT_A_TOKEN_IS}")
    return (("authorization", f"Bearer {token}"),)


def _system_roots() -> bytes | None:
    """Returns the certificates that the system trusts, or None for those that come with gRPC."""
    bundle = ssl.get_default_verify_paths().cafile
    return tls.read(Path(bundle)) if bundle else None
