"""HTTP content codings (RFC 9110, section 8.4): decompresses requests in bounded memory, and
compresses responses.
"""

import asyncio
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Collection, Iterable, Iterator

import grpc

from serve.calls.status import RequestError, invalid_argument

# zlib's window bits by HTTP's names. In HTTP, "deflate" means the zlib format.
_FORMATS = {"gzip": zlib.MAX_WBITS + 16, "deflate": zlib.MAX_WBITS}
CODINGS = tuple(_FORMATS)
# Decompressed in less than a millisecond; then the event loop runs other calls.
_STEP_BYTES = 256 * 1024
# Higher levels take up to seven times as long and make curves only 5 % smaller.
_LEVEL = 1


class UnknownCodingError(RequestError):
    """A request is compressed with a coding that the server does not support."""

    def __init__(self, content_encoding: str) -> None:
        known = ", ".join(CODINGS)
        problem = f"is {content_encoding[:60]!r}: send {known} or identity"
        super().__init__(grpc.StatusCode.INVALID_ARGUMENT, "Content-Encoding", problem)


def request_coding(content_encoding: str) -> str | None:
    """Returns the coding in a request's Content-Encoding header, or None if it is not compressed.

    Raises UnknownCodingError for a coding that is not in CODINGS.
    """
    coding = content_encoding.strip().lower().removeprefix("x-")
    if coding in ("", "identity"):
        return None
    if coding not in CODINGS:
        raise UnknownCodingError(content_encoding)
    return coding


async def decoded(pieces: AsyncIterable[bytes], coding: str) -> AsyncIterator[bytes]:
    """Decompresses `pieces`, a request. Yields small parts, so that a caller can enforce a limit.

    Raises RequestError for data that is invalid, incomplete, or longer than the compressed stream.
    """
    decoder = zlib.decompressobj(_FORMATS[coding])
    async for piece in pieces:
        if decoder.eof and piece:
            raise invalid_argument("request", f"has data after the end of its {coding} stream")
        is_full = True
        while is_full and not decoder.eof:
            try:
                part = decoder.decompress(piece, _STEP_BYTES)
            except zlib.error as error:
                raise invalid_argument("request", f"is not valid {coding}: {error}") from None
            yield part
            piece, is_full = decoder.unconsumed_tail, len(part) == _STEP_BYTES
            if is_full:
                await asyncio.sleep(0)
        if decoder.unused_data:
            raise invalid_argument("request", f"has data after the end of its {coding} stream")
    if not decoder.eof:
        raise invalid_argument("request", f"is truncated: its {coding} stream is incomplete")


def accepted(accept_encoding: str, offered: Collection[str] = CODINGS) -> str | None:
    """Returns the coding of `offered` that the Accept-Encoding header prefers, or None if it
    prefers no compression (RFC 9110, section 12.5.3)."""
    weights: dict[str, float] = {}
    for element in accept_encoding.split(","):
        name, _, parameter = element.partition(";")
        weights[name.strip().lower()] = _weight(parameter)
    offers = {coding: weights.get(coding, weights.get("*", 0.0)) for coding in offered}
    best = max(offers, key=offers.__getitem__)
    return best if offers[best] > 0 and offers[best] >= weights.get("identity", 0.0) else None


def encoded(pieces: Iterable[bytes], coding: str) -> Iterator[bytes]:
    """Compresses `pieces` with one of CODINGS."""
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
