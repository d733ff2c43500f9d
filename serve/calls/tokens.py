"""Bearer tokens: who may call, by a secret that stands in a file."""

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
# What metadata and headers carry unchanged, without spaces.
_TOKEN = re.compile(rb"[!-~]+")
# How often the file is looked at, in seconds.
_LOOK_EVERY = 1.0


class Tokens:
    """The tokens of a file, one a line; several, so that one can be replaced without a pause."""

    def __init__(self, path: Path) -> None:
        """Raises ServerError if the file can't be read, or holds no token or what is none."""
        self._path = path
        self._seen = _stamp(path)
        self._tokens = _read(path)
        self._looked = time.monotonic()

    def refusal(self, authorization: str | bytes | None) -> RequestError | None:
        """Returns why a call with this `authorization` (`Bearer TOKEN`) gets in or, None, that it
        does."""
        self._follow()
        if isinstance(authorization, bytes):
            authorization = authorization.decode("latin-1")
        if not authorization:
            problem = "no token: send the metadata 'authorization: Bearer TOKEN'"
        elif authorization[: len(_SCHEME)].lower() != _SCHEME or not self._holds(
            authorization[len(_SCHEME) :]
        ):
            problem = "the token is not valid"
        else:
            return None
        return RequestError(grpc.StatusCode.UNAUTHENTICATED, None, problem)

    def _holds(self, token: str) -> bool:
        given = token.strip().encode()
        # All are compared, so that the time taken tells nothing of which is alike.
        return sum([hmac.compare_digest(given, known) for known in self._tokens]) > 0

    def _follow(self) -> None:
        """Reads the file anew if it has changed; what can't be read leaves the tokens as they
        were."""
        now = time.monotonic()
        if now - self._looked < _LOOK_EVERY:
            return
        self._looked = now
        stamp = _stamp(self._path)
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self._tokens = _read(self._path)
            logger.info("read the tokens of %s anew", self._path)
        except ServerError as error:
            logger.error("%s; the tokens from before stay valid", error)


def _read(path: Path) -> list[bytes]:
    try:
        lines = read_regular(path).split(b"\n")
    except OSError as error:
        raise ServerError(f"can't read the token file {path}: {error.strerror}") from None
    tokens = {number: line.strip() for number, line in enumerate(lines, 1) if line.strip()}
    if not tokens:
        raise ServerError(f"the token file {path} is empty: write one token a line")
    for number, token in tokens.items():
        if not _TOKEN.fullmatch(token):
            raise ServerError(
                f"line {number} of the token file {path} is no token: give printable ASCII without "
                "spaces"
            )
    return list(tokens.values())


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns)
