"""A client's connection to one target, which can be replaced while calls are on it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from curvegan.v1 import curves_pb2_grpc

_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    # Clients of one process would else share a connection, and with it one of a server's workers.
    ("grpc.use_local_subchannel_pool", 1),
    # How soon a connection that broke is made again, and how long making one may take.
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.min_reconnect_backoff_ms", 5000),
]
_CLOSE_SECONDS = 1.0


class Line:
    """A gRPC channel, and how many calls are on it."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel
        self.stub = curves_pb2_grpc.CurveServiceStub(channel)  # type: ignore[no-untyped-call]
        self.calls = 0


class Connection:
    """Hands out the line to call on. Any thread may use it."""

    def __init__(self, target: str, credentials: grpc.ChannelCredentials | None) -> None:
        """Without `credentials` the line has no TLS."""
        self._target = target
        self._credentials = credentials
        self._lock = threading.Lock()
        self._line = self._open()
        self._retired: set[Line] = set()
        self._closed = threading.Event()

    @contextmanager
    def line(self) -> Iterator[Line]:
        """Yields the line for a call, which is not closed before the call has ended.

        Raises ValueError if the connection is closed.
        """
        with self._lock:
            if self._closed.is_set():
                raise ValueError("the client is closed")
            line = self._line
            line.calls += 1
        try:
            yield line
        finally:
            with self._lock:
                line.calls -= 1
                is_left = not line.calls and line in self._retired
                if is_left:
                    self._retired.remove(line)
            if is_left:
                _close(line)

    def renew(self, line: Line) -> None:
        """Takes a new line for further calls, if `line` still is the one for them.

        The old line ends with the last call on it.
        """
        with self._lock:
            if line is self._line and not self._closed.is_set():
                self._retired.add(line)
                self._line = self._open()

    def is_closed_within(self, seconds: float) -> bool:
        """Waits for `seconds`, and returns whether the connection was closed before they ended."""
        return self._closed.wait(seconds)

    def close(self) -> None:
        """Closes the connection; calls in flight end."""
        self._closed.set()
        with self._lock:
            lines = [self._line, *self._retired]
            self._retired.clear()
        for line in lines:
            _close(line)

    def _open(self) -> Line:
        if self._credentials:
            return Line(grpc.secure_channel(self._target, self._credentials, _OPTIONS))
        return Line(grpc.insecure_channel(self._target, _OPTIONS))


def _close(line: Line) -> None:
    """Closes a line, as far as it can be closed.

    gRPC's own close never returns where an exception out of a signal handler, such as
    KeyboardInterrupt, came between the start of a call and that of the thread that ends it.
    """
    closing = threading.Thread(target=line.channel.close, daemon=True)
    closing.start()
    closing.join(_CLOSE_SECONDS)
