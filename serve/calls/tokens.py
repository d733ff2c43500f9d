"""Authentication by bearer tokens from a file."""

import hmac
import logging
import re
import time
from pathlib import Path

import grpc

from curvegan.errors import ServerError
from curvegan.files import read_regular
from serve.calls.status import RequestError

logger = logging.getLogger(__name__)

_SCHEME = "bearer "
# Printable ASCII without spaces: safe in gRPC metadata and in HTTP headers.
_TOKEN = re.compile(rb"[!-~]+")
# How often to check whether the file has changed.
_CHECK_SECONDS = 1.0


class Tokens:
    """The tokens in a file, one per line. With several, a token can be rotated without downtime."""

    def __init__(self, path: Path) -> None:
        """Raises ServerError if the file can't be read, is empty, or contains an invalid token."""
        self._path = path
        self._stamp = _stamp(path)
        self._tokens = _read(path)
        self._checked = time.monotonic()

    def refusal(self, authorization: str | bytes | None) -> RequestError | None:
        """Returns the error for a call with this authorization header (`Bearer TOKEN`), or None if
        its token is valid."""
        self._refresh()
        if isinstance(authorization, bytes):
            authorization = authorization.decode("latin-1")
        if not authorization:
            problem = "no token: send the metadata 'authorization: Bearer TOKEN'"
        elif authorization[: len(_SCHEME)].lower() != _SCHEME or not self._is_valid(
            authorization[len(_SCHEME) :]
        ):
            problem = "the token is not valid"
        else:
            return None
        return RequestError(grpc.StatusCode.UNAUTHENTICATED, None, problem)

    def _is_valid(self, token: str) -> bool:
        given = token.strip().encode()
        # Compares with every token, so that the time taken does not reveal which one is similar.
        return sum([hmac.compare_digest(given, known) for known in self._tokens]) > 0

    def _refresh(self) -> None:
        """Reads the file again if it has changed. Keeps the old tokens if the file is invalid."""
        now = time.monotonic()
        if now - self._checked < _CHECK_SECONDS:
            return
        self._checked = now
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._tokens = _read(self._path)
            logger.info("read the tokens in %s again", self._path)
        except ServerError as error:
            logger.error("%s; the old tokens stay valid", error)


def _read(path: Path) -> list[bytes]:
    try:
        lines = read_regular(path).split(b"\n")
    except OSError as error:
        raise ServerError(f"can't read the token file {path}: {error.strerror}") from None
    tokens = {number: line.strip() for number, line in enumerate(lines, 1) if line.strip()}
    if not tokens:
        raise ServerError(f"the token file {path} is empty: write one token per line")
    for number, token in tokens.items():
        if not _TOKEN.fullmatch(token):
            raise ServerError(
                f"line {number} of the token file {path} is not a valid token: use printable ASCII "
                "without spaces"
            )
    return list(tokens.values())


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns)
