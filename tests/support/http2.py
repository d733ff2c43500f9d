"""Low-level HTTP/2 and gRPC, to send what no well-behaved client sends.

Frames as in RFC 9113, header fields as in RFC 7541, in their longest form: literal with literal
names.
"""

import contextlib
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
END_STREAM, END_HEADERS, ACK = 1, 4, 1
INITIAL_WINDOW_SIZE = 4

# The frame size that every peer accepts.
_FRAME_BYTES = 16_384

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@dataclass(frozen=True)
class Frame:
    kind: int
    flags: int
    stream: int
    payload: bytes


def frame(kind: int, payload: bytes = b"", flags: int = 0, stream: int = 0) -> bytes:
    """Returns the bytes of a frame."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def header(name: bytes, value: bytes) -> bytes:
    return b"\0" + _text(name) + _text(value)


def call(path: bytes, stream: int = 1, *fields: tuple[bytes, bytes]) -> bytes:
    """Returns the frames that open a gRPC call to the method `path`, with additional headers."""
    known = [
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", path),
        (b":authority", b"here"),
        (b"te", b"trailers"),
        (b"content-type", b"application/grpc"),
    ]
    block = b"".join(header(name, value) for name, value in (*known, *fields))
    parts = [block[at : at + _FRAME_BYTES] for at in range(0, len(block), _FRAME_BYTES)]
    return b"".join(
        frame(CONTINUATION if index else HEADERS, part, END_HEADERS * (part is parts[-1]), stream)
        for index, part in enumerate(parts)
    )


def message(content: bytes, *, length: int | None = None, compressed: bool = False) -> bytes:
    """Returns a gRPC message; `length` is the length in its prefix, by default the right one."""
    return struct.pack(">?I", compressed, len(content) if length is None else length) + content


@contextlib.contextmanager
def connected(address: str, settings: dict[int, int] | None = None) -> Iterator[socket.socket]:
    """Yields a connection after the HTTP/2 preface."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        changed = b"".join(struct.pack(">HI", *item) for item in (settings or {}).items())
        connection.sendall(PREFACE + frame(SETTINGS, changed))
        yield connection


def received(connection: socket.socket, seconds: float = 10.0) -> Iterator[Frame]:
    """Yields received frames until the peer closes the connection or is silent for `seconds`."""
    connection.settimeout(seconds)
    unread = b""
    with contextlib.suppress(TimeoutError, ConnectionError):
        while more := connection.recv(65536):
            unread += more
            while len(unread) >= 9 + (size := int.from_bytes(unread[:3])):
                kind, flags, stream = struct.unpack(">BBI", unread[3:9])
                yield Frame(kind, flags, stream, unread[9 : 9 + size])
                unread = unread[9 + size :]


def raw_call(
    address: str, path: bytes, *fields: tuple[bytes, bytes], request: bytes = b""
) -> bytes:
    """Calls the method `path`. Returns the trailers, or the payload of the frame that reset it."""
    with connected(address) as connection:
        data = frame(DATA, message(request), END_STREAM, stream=1)
        connection.sendall(call(path, 1, *fields) + data)
        for found in received(connection, seconds=20):
            is_last = found.kind == HEADERS and found.flags & END_STREAM
            if is_last or found.kind in (RST_STREAM, GOAWAY):
                return found.payload
    return b""


def _text(text: bytes) -> bytes:
    if len(text) < 127:
        return bytes([len(text)]) + text
    rest, groups = len(text) - 127, bytearray([127])
    while rest > 127:
        groups.append(rest & 127 | 128)
        rest >>= 7
    return bytes([*groups, rest]) + text
