"""The files of TLS, checked before anything depends on them."""

import ssl
from pathlib import Path

from curvegan.errors import CurveganError
from curvegan.files import read_regular


def read_pair(cert: Path, key: Path) -> tuple[bytes, bytes]:
    """Returns the bytes of a certificate and of its key.

    Raises CurveganError if they can't be read or are not a pair.
    """
    contents = read(cert), read(key)
    try:
        # An encrypted key would make Python ask for its password on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password=lambda: b"")
    except (ssl.SSLError, ValueError):
        raise CurveganError(
            f"{cert} and {key} are not a certificate and its key: give both in PEM, the key "
            "without a password"
        ) from None
    return contents


def read_ca(path: Path) -> bytes:
    """Returns the bytes of a CA's certificates.

    Raises CurveganError if they can't be read or there is none.
    """
    content = read(path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(path)
    except ssl.SSLError:
        raise CurveganError(f"{path} holds no certificate: give one in PEM") from None
    return content


def read(path: Path) -> bytes:
    """Returns the bytes of a certificate's or key's file. Raises CurveganError."""
    try:
        return read_regular(path)
    except OSError as error:
        raise CurveganError(f"can't read {path}: {error.strerror}") from None
