"""gRPC calls byte by byte, for what gRPC's own client would not send."""

import socket
import struct
from collections.abc import Iterator

_DATA, _HEADERS, _RESET, _SETTINGS, _GOAWAY, _CONTINUATION = 0, 1, 3, 4, 7, 9
_END_STREAM, _END_HEADERS = 1, 4
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_FRAME_BYTES = 16_000


def raw_call(address: str, path: bytes, *metadata: tuple[bytes, bytes]) -> bytes:
    """Calls the method `path` with an empty message. Returns the bytes of the headers that end the
    call, or of the frame that breaks it off."""
    headers = [
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", path),
        (b":authority", b"localhost"),
        (b"te", b"trailers"),
        (b"content-type", b"application/grpc"),
        *metadata,
    ]
    block = b"".join(b"\0" + _text(name) + _text(value) for name, value in headers)
    parts = [block[at : at + _FRAME_BYTES] for at in range(0, len(block), _FRAME_BYTES)]
    frames = [_frame(_SETTINGS, 0, 0, b"")]
    for index, part in enumerate(parts):
        kind = _CONTINUATION if index else _HEADERS
        flags = _END_HEADERS if index == len(parts) - 1 else 0
        frames.append(_frame(kind, flags, 1, part))
    frames.append(_frame(_DATA, _END_STREAM, 1, bytes(5)))
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(_PREFACE + b"".join(frames))
        for kind, flags, payload in _frames(connection):
            is_last = kind == _HEADERS and flags & _END_STREAM
            if is_last or kind in (_RESET, _GOAWAY):
                return payload
    return b""


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _text(content: bytes) -> bytes:
    """HPACK's form of a text: its length, in groups of seven bits after the first, and itself."""
    length, prefix = len(content), 0x7F
    if length < prefix:
        return bytes([length]) + content
    groups, length = [prefix], length - prefix
    while length > 0x7F:
        groups.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes([*groups, length]) + content


def _frames(connection: socket.socket) -> Iterator[tuple[int, int, bytes]]:
    with connection.makefile("rb") as reader:
        while len(head := reader.read(9)) == 9:
            length = int.from_bytes(head[:3], "big")
            yield head[3], head[4], reader.read(length)
