"""Sends invalid requests: random bytes, broken frames, wrong lengths, and unfinished requests."""

import contextlib
import itertools
import random
import socket
import struct
import time
from collections.abc import Callable, Iterator

from serve.running import RunningServer
from tests.support import http2

PATH = b"/curvegan.v1.CurveService/GenerateCurves"
# What responses must never contain: tracebacks and file names.
LEAKS = (b"Traceback", b'File "', b".py", b"site-packages", b"/home/", b"/tmp/")


def throw_garbage(server: RunningServer, seconds: float, seed: int = 0) -> tuple[int, list[bytes]]:
    """Sends garbage to both ports for `seconds`, each time over a new connection.

    Returns how many times, and responses that leak internals.
    """
    rng = random.Random(seed)
    until = time.monotonic() + seconds
    leaks: list[bytes] = []
    assert server.http is not None
    for count in itertools.count():
        if time.monotonic() > until:
            return count, leaks
        make, address = rng.choice(
            [(one, server.address) for one in _GRPC] + [(one, server.http) for one in _HTTP]
        )
        answer = _send(address, make(rng), rng)
        leaks += [answer for leak in LEAKS if leak in answer]
    raise AssertionError


@contextlib.contextmanager
def half_requests(server: RunningServer, count: int) -> Iterator[None]:
    """Keeps `count` connections to each port open, each with an unfinished request."""
    assert server.http is not None
    begun = {
        server.address: http2.PREFACE + http2.frame(http2.SETTINGS) + http2.call(PATH),
        server.http: b"POST /v2/models/sampler/infer HTTP/1.1\r\nHost: here\r\n"
        b"Content-Length: 1000\r\n\r\n{",
    }
    with contextlib.ExitStack() as stack:
        for address, content in begun.items():
            for _ in range(count):
                connection = stack.enter_context(_connected(address))
                with contextlib.suppress(OSError):
                    connection.sendall(content)
        yield


def _connected(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=10)


def _send(address: str, content: bytes, rng: random.Random) -> bytes:
    """Returns the response, until the server closes the connection or is silent for a moment."""
    answer = b""
    with contextlib.suppress(OSError), _connected(address) as connection:
        connection.sendall(content)
        if rng.random() < 0.3:
            return answer  # Disconnects before the response arrives.
        connection.settimeout(0.05)
        while len(answer) < 2**20 and (more := connection.recv(65536)):
            answer += more
    return answer


def _noise(rng: random.Random) -> bytes:
    return rng.randbytes(rng.randrange(1, 5000))


def _opened(rng: random.Random) -> bytes:
    """Returns HTTP/2's preface and frames of random kinds, lengths and flags."""
    frames = [
        struct.pack(">I", rng.randrange(2 ** rng.randrange(1, 25)))[1:]
        + struct.pack(">BBI", rng.randrange(12), rng.randrange(256), rng.randrange(2**31))
        + rng.randbytes(rng.randrange(100))
        for _ in range(rng.randrange(1, 20))
    ]
    return http2.PREFACE + http2.frame(http2.SETTINGS) + b"".join(frames)


def _called(rng: random.Random) -> bytes:
    """Returns a call whose message is random, truncated, or has a wrong length."""
    content = rng.randbytes(rng.randrange(2000))
    length = rng.choice([None, 2**32 - 1, 2**31, 3 * 2**20, len(content) + 1])
    data = http2.message(content, length=length, compressed=rng.random() < 0.2)
    path = rng.choice(
        [PATH, PATH, rng.randbytes(20), b"/inference.GRPCInferenceService/ModelInfer"]
    )
    fields = [(b"grpc-timeout", rng.choice([b"1n", b"99999999H", b"x"]))] * (rng.random() < 0.3)
    whole = (
        http2.PREFACE
        + http2.frame(http2.SETTINGS)
        + http2.call(path, 1, *fields)
        + http2.frame(http2.DATA, data, http2.END_STREAM, stream=1)
    )
    return whole[: rng.randrange(len(whole))] if rng.random() < 0.3 else whole


def _requested(rng: random.Random) -> bytes:
    """Returns an invalid HTTP request."""
    path = rng.choice(
        ["/v2/models/sampler/infer", "/metrics", "/v2", "/" + "x" * 9000, "/%ff/../.."]
    )
    length = rng.choice([0, 10, 10**12, -1])
    body = rng.choice(
        [b"", b"{", rng.randbytes(500), b"[" * 3000, b'{"inputs": [{"shape": [-1]}]}']
    )
    method, version = rng.choice(["GET", "POST", "PUT", "BREW"]), rng.choice(["1.1", "1.0", "9"])
    head = (
        f"{method} {path} HTTP/{version}"
        f"\r\nHost: here\r\nContent-Length: {length}\r\n"
        f"Inference-Header-Content-Length: {rng.choice([0, 5, 10**20])}\r\n\r\n"
    )
    return head.encode() + body


def _many_headers(rng: random.Random) -> bytes:
    fields = b"".join(b"x-%d: %s\r\n" % (n, b"y" * 100) for n in range(rng.randrange(1, 1000)))
    return b"GET /v2 HTTP/1.1\r\nHost: here\r\n" + fields


def _chunked(rng: random.Random) -> bytes:
    """Returns a chunked request that is too long or has invalid chunks."""
    chunk = b"%x\r\n" % 2**16 + b"[" * 2**16 + b"\r\n"
    return (
        b"POST /v2/models/sampler/infer HTTP/1.1\r\nHost: here\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
        + chunk * rng.randrange(50)
        + rng.choice([b"0\r\n\r\n", b"zz\r\n", b""])
    )


_GRPC: list[Callable[[random.Random], bytes]] = [_noise, _opened, _called, _called]
_HTTP: list[Callable[[random.Random], bytes]] = [
    _noise,
    _requested,
    _requested,
    _many_headers,
    _chunked,
]
