"""CurveClient on connections that something between it and the server dropped without a word."""

from collections.abc import Callable, Iterator

import grpc
import numpy as np
import pytest

from curvegan import CurveClient, ServiceError
from curvegan.client import connection
from serve.running import RunningServer
from tests.support.relays import Relay


@pytest.fixture
def relay(server: RunningServer) -> Iterator[Relay]:
    with Relay(server.address) as relay:
        yield relay


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client looks for its server every second, so that the test need not wait for 25."""
    shorter = {"grpc.keepalive_time_ms": 1000, "grpc.http2.ping_timeout_ms": 1000}
    options = [(name, shorter.get(name, value)) for name, value in connection._OPTIONS]
    assert shorter.items() <= dict(options).items()
    monkeypatch.setattr(connection, "_OPTIONS", options)


def failures(ask: Callable[[], object], times: int = 5) -> int:
    """Returns how many of some calls take too long."""
    return sum(takes_too_long(ask) for _ in range(times))


def takes_too_long(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except ServiceError as error:
        if error.code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return True
        raise
    return False


def test_at_most_one_call_is_lost(relay: Relay):
    with CurveClient(relay.address, timeout=1.5) as client:
        client.model()
        relay.drop()
        assert failures(lambda: client.generate(range(10))) <= 1


def test_at_most_one_stream_is_lost(relay: Relay):
    with CurveClient(relay.address, timeout=1.5) as client:
        client.model()
        relay.drop()
        assert failures(lambda: list(client.stream(range(10)))) <= 1


def test_a_stream_under_way_is_the_only_one_that_is_lost(relay: Relay):
    with CurveClient(relay.address, timeout=1.5) as client:
        stream = client.stream(range(10**8))
        next(stream)
        relay.drop()
        assert takes_too_long(lambda: list(stream))
        assert failures(lambda: list(client.stream(range(10)))) == 0


def test_a_stream_whose_whole_time_is_over_is_the_only_one_that_is_lost(relay: Relay):
    with CurveClient(relay.address, timeout=4) as client:
        stream = client.stream(range(10**8), timeout=1)
        next(stream)
        relay.drop()
        assert takes_too_long(lambda: list(stream))
        assert failures(lambda: client.generate(range(10))) == 0


@pytest.mark.usefixtures("soon")
@pytest.mark.timeout(60)
def test_a_call_with_time_is_not_lost(relay: Relay):
    with CurveClient(relay.address, timeout=None) as client:
        client.model()
        relay.drop()
        assert len(client.generate(range(10))) == 10


@pytest.mark.usefixtures("soon")
@pytest.mark.timeout(60)
def test_a_stream_with_time_goes_on_where_it_was(relay: Relay, engine):
    with CurveClient(relay.address, timeout=None) as client:
        stream = client.stream(range(300_000))
        parts = [next(stream)]
        relay.drop()
        parts.extend(stream)
    expected = engine.curves_from_seeds(np.arange(300_000))
    assert np.concatenate(parts).tobytes() == expected.tobytes()


def test_a_timeout_shorter_than_connecting_does_not_begin_anew_each_time(relay: Relay):
    relay.is_open.clear()
    with CurveClient(relay.address, timeout=0.2) as client:
        assert failures(client.model, times=3) == 3
        relay.is_open.set()
        while takes_too_long(client.model):
            pass
    assert relay.accepted == 1


def test_a_slow_call_beside_others_that_are_answered_keeps_the_connection(relay: Relay):
    with CurveClient(relay.address, timeout=1.0) as client:
        stream = client.stream(range(10**8))
        next(stream)
        # Its time is over before it gets there; the stream's parts come all the while.
        hurried = client.stream(range(10**8), timeout=0.5)
        for _ in hurried:
            next(stream)
            break
        assert takes_too_long(lambda: [next(stream) for _ in hurried])
        assert len(next(stream)) > 0
    assert relay.accepted == 1
