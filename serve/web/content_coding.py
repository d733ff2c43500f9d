"""Content codings of HTTP (RFC 9110, section 8.4): compressed requests are read in bounded memory,
answers are compressed for those who ask. Knows nothing of what stands in them.
"""

import asyncio
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Collection, Iterable, Iterator

import grpc

from serve.calls.status import RequestError, invalid_argument

# By their names in HTTP, where "deflate" means zlib's format; each with zlib's number for it.
_FORMATS = {"gzip": zlib.MAX_WBITS + 16, "deflate": zlib.MAX_WBITS}
CODINGS = tuple(_FORMATS)
# Inflated in less than a millisecond; then other calls have their turn.
_STEP_BYTES = 256 * 1024
# Higher ones take seven times as long and make curves smaller by a twentieth.
_LEVEL = 1


class UnknownCodingError(RequestError):
    """A request is compressed in a way that is not read here."""

    def __init__(self, content_encoding: str) -> None:
        known = ", ".join(CODINGS)
        problem = f"is {content_encoding[:60]!r}: send {known} or identity"
        super().__init__(grpc.StatusCode.INVALID_ARGUMENT, "Content-Encoding", problem)


def request_coding(content_encoding: str) -> str | None:
    """Returns which of CODINGS a request's header Content-Encoding names, or None for none.

    Raises UnknownCodingError for any other.
    """
    coding = content_encoding.strip().lower().removeprefix("x-")
    if coding in ("", "identity"):
        return None
    if coding not in CODINGS:
        raise UnknownCodingError(content_encoding)
    return coding


async def decoded(pieces: AsyncIterable[bytes], coding: str) -> AsyncIterator[bytes]:
    """Yields what `pieces`, a request compressed by one of CODINGS, hold: in small parts, so that
    a caller that counts them can stop in time.

    Raises RequestError for what is not of this coding, or not whole.
    """
    decoder = zlib.decompressobj(_FORMATS[coding])
    async for piece in pieces:
        if decoder.eof and piece:
            raise invalid_argument("request", f"goes on behind the end of its {coding}")
        is_full = True
        while is_full and not decoder.eof:
            try:
                part = decoder.decompress(piece, _STEP_BYTES)
            except zlib.error as error:
                raise invalid_argument("request", f"is not {coding}: {error}") from None
            yield part
            piece, is_full = decoder.unconsumed_tail, len(part) == _STEP_BYTES
            if is_full:
                await asyncio.sleep(0)
        if decoder.unused_data:
            raise invalid_argument("request", f"goes on behind the end of its {coding}")
    if not decoder.eof:
        raise invalid_argument("request", f"ends before its {coding} does")


def accepted(accept_encoding: str, offered: Collection[str] = CODINGS) -> str | None:
    """Returns which of the codings `offered` a client likes best, by its header Accept-Encoding
    (RFC 9110, section 12.5.3), or None where it would rather have none."""
    weights: dict[str, float] = {}
    for element in accept_encoding.split(","):
        name, _, parameter = element.partition(";")
        weights[name.strip().lower()] = _weight(parameter)
    liked = {coding: weights.get(coding, weights.get("*", 0.0)) for coding in offered}
    best = max(liked, key=liked.__getitem__)
    return best if liked[best] > 0 and liked[best] >= weights.get("identity", 0.0) else None


def encoded(pieces: Iterable[bytes], coding: str) -> Iterator[bytes]:
    """Yields `pieces`, compressed by one of CODINGS."""
    encoder = zlib.compressobj(_LEVEL, wbits=_FORMATS[coding])
    for piece in pieces:
        yield encoder.compress(piece)
    yield encoder.flush()


def _weight(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
