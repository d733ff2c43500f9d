"""A client's connection to its server, which can be replaced while calls are on it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from curvegan.client.proxy import find_proxy
from curvegan.client.target import Target
from curvegan.v1 import curves_pb2_grpc

_CONNECT_SECONDS = 5.0
_CLOSE_SECONDS = 1.0
_OPTIONS: list[tuple[str, int | str]] = [
    ("grpc.max_receive_message_length", -1),
    # Clients of one process would else share a connection, and with it one of a server's workers.
    ("grpc.use_local_subchannel_pool", 1),
    # How soon a connection that broke is made again, and how long making one may take.
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.min_reconnect_backoff_ms", round(1000 * _CONNECT_SECONDS)),
    # A name is looked up again when a connection breaks. gRPC's own 30 s between two look-ups are
    # longer than a call is repeated for: servers that were all replaced would not be found in time.
    ("grpc.dns_min_time_between_resolutions_ms", 5_000),
    # A connection that a firewall or a balancer dropped without a word is dead, and nothing says
    # so. While a call waits, a ping looks for the server every 10 s; 15 s without an answer end the
    # connection, and the call is repeated on another before the 30 s of the default timeout are
    # over. Less would end connections on slow lines, where the ping's answer waits behind curves.
    #
    # No pings between calls: a server that is not ours may allow one in five minutes (gRPC's
    # default) and end the connection at the fourth that comes early. Answers set its count back,
    # and after two pings without data gRPC itself sends no more than one a minute, so that only a
    # call that waits for minutes gets there. Our own server allows one every 5 s.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 15_000),
    ("grpc.http2.ping_timeout_ms", 15_000),  # What newer cores of gRPC go by.
    ("grpc.keepalive_permit_without_calls", 0),
    # Instead, what was not used for 3 minutes is closed, and opened for the next call: the
    # balancers of the clouds forget an idle connection after 4 or more.
    ("grpc.client_idle_timeout_ms", 180_000),
]


class Channel:
    """gRPC's channel with the service's stub, and how many calls are on it."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.channel = channel
        self.stub = curves_pb2_grpc.CurveServiceStub(channel)  # type: ignore[no-untyped-call]
        self.calls = 0
        # When the server was last heard. Before it first was, the time that connecting takes has
        # to pass, or a call with a short timeout would begin a new connection each time.
        self._heard = time.monotonic() + _CONNECT_SECONDS

    def note_answer(self) -> None:
        """Notes that the server was heard just now."""
        self._heard = time.monotonic()

    def is_silent_since(self, moment: float) -> bool:
        """Returns whether nothing was heard of the server since `moment`, on the clock of
        `time.monotonic`."""
        return self._heard < moment


class Connection:
    """Hands out the channel to call on. Any thread may use it."""

    def __init__(self, target: Target, credentials: grpc.ChannelCredentials | None) -> None:
        """Without `credentials` it has no TLS."""
        self.target = target
        self.proxy = find_proxy(target)
        self._credentials = credentials
        self._lock = threading.Lock()
        self._current = self._open()
        self._retired: set[Channel] = set()
        self._closed = threading.Event()

    @contextmanager
    def channel(self) -> Iterator[Channel]:
        """Yields the channel for a call, which is not closed before the call has ended.

        Raises ValueError if the connection is closed.
        """
        with self._lock:
            if self._closed.is_set():
                raise ValueError("the client is closed")
            channel = self._current
            channel.calls += 1
        try:
            yield channel
        finally:
            with self._lock:
                channel.calls -= 1
                is_left = not channel.calls and channel in self._retired
                if is_left:
                    self._retired.remove(channel)
            if is_left:
                _close(channel)

    def renew(self, channel: Channel) -> None:
        """Opens a new channel for further calls, if `channel` still is the one for them.

        The old channel is closed after the last call on it.
        """
        with self._lock:
            if channel is self._current and not self._closed.is_set():
                self._retired.add(channel)
                self._current = self._open()

    def is_closed_within(self, seconds: float) -> bool:
        """Waits for `seconds`, and returns whether the connection was closed before they ended."""
        return self._closed.wait(seconds)

    def close(self) -> None:
        """Closes the connection; calls in flight end."""
        self._closed.set()
        with self._lock:
            channels = [self._current, *self._retired]
            self._retired.clear()
        for channel in channels:
            _close(channel)

    def _open(self) -> Channel:
        options = [*_OPTIONS]
        if not self.proxy:
            options.append(("grpc.enable_http_proxy", 0))
        if self.target.may_be_several:
            # Calls go to all in turn, not to the first that answers.
            options.append(("grpc.lb_policy_name", "round_robin"))
        if self._credentials:
            return Channel(grpc.secure_channel(self.target.uri, self._credentials, options))
        return Channel(grpc.insecure_channel(self.target.uri, options))


def _close(channel: Channel) -> None:
    """Closes a channel, as far as it can be closed.

    gRPC's own close never returns where an exception out of a signal handler, such as
    KeyboardInterrupt, came between the start of a call and that of the thread that ends it.
    """
    closing = threading.Thread(target=channel.channel.close, daemon=True)
    closing.start()
    closing.join(_CLOSE_SECONDS)
