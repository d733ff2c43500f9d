"""A process that forks while it has a client."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import pytest

from curvegan import CurveClient
from serve.running import RunningServer

_fork = multiprocessing.get_context("fork")
_inherited: list[CurveClient] = []


def _ask_with_own(address: str) -> bytes:
    with CurveClient(address, timeout=10) as client:
        return client.generate(range(10)).tobytes()


def _stream_with_own(address: str) -> bytes:
    with CurveClient(address, timeout=10) as client:
        return b"".join(part.tobytes() for part in client.stream(range(10)))


def _ask_with_inherited(_: str) -> bytes:
    return _inherited[0].generate(range(10)).tobytes()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("ask", [_ask_with_own, _stream_with_own, _ask_with_inherited])
def test_a_child_can_ask_though_its_parent_has_asked(server: RunningServer, ask):
    with CurveClient(server.address, timeout=10) as client:
        expected = client.generate(range(10)).tobytes()
        _inherited[:] = [client]
        for _ in range(3):
            with ProcessPoolExecutor(1, _fork) as children:
                assert children.submit(ask, server.address).result() == expected
            assert client.generate(range(10)).tobytes() == expected
