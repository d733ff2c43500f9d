"""The files of TLS, checked before anything depends on them."""

import ssl
from pathlib import Path

from serve.errors import ServerError
from serve.settings import Access


def check(access: Access) -> None:
    """Raises ServerError if a file of `access` can't be read or is not what it should be."""
    if not access.tls_cert or not access.tls_key:
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for path in (access.tls_cert, access.tls_key, access.tls_client_ca):
        if path:
            read(path)
    try:
        # An encrypted key would make Python ask for its password on the terminal.
        context.load_cert_chain(access.tls_cert, access.tls_key, password=lambda: b"")
    except (ssl.SSLError, ValueError):
        raise ServerError(
            f"{access.tls_cert} and {access.tls_key} are not a certificate and its key: give both "
            "in PEM, the key without a password"
        ) from None
    if access.tls_client_ca:
        try:
            context.load_verify_locations(access.tls_client_ca)
        except ssl.SSLError:
            raise ServerError(
                f"{access.tls_client_ca} holds no certificate: give one in PEM"
            ) from None


def read(path: Path) -> bytes:
    """Returns the bytes of a certificate's or key's file. Raises ServerError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ServerError(f"can't read {path}: {error.strerror}") from None
