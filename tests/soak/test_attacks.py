"""Short versions of the attacks in `make soak`."""

from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest

from curvegan import CurveClient
from curvegan.engine import Engine
from serve.running import RunningServer, running_server
from tests.soak.documents import send_random_documents
from tests.soak.garbage import half_requests, throw_garbage
from tests.soak.load import largest_batches, unread_answers, unread_streams
from tests.soak.messages import send_random_messages
from tests.soak.observe import MIB, peak_memory
from tests.support.commands import workers_of
from tests.support.observe import metric, wait_until


@pytest.fixture(scope="module")
def attacked(published: Path) -> Iterator[RunningServer]:
    # Long, so that queued calls do not time out on a slow machine.
    with running_server(published, "--max-wait=60") as running:
        yield running


@pytest.fixture(autouse=True)
def unharmed(attacked: RunningServer, engine: Engine) -> Iterator[None]:
    """After an attack, the same worker still runs and returns correct curves."""
    workers = workers_of(attacked)
    yield
    with CurveClient(attacked.address) as client:
        expected = engine.curves_from_seeds(np.array([1, -1])).tobytes()
        assert client.generate([1, -1]).tobytes() == expected
    assert workers_of(attacked) == workers
    assert metric(attacked, "curvegan_worker_restarts_total") == 0


def test_clients_with_the_largest_requests_share_the_server_with_small_calls(
    attacked: RunningServer,
):
    with peak_memory(attacked) as peak:
        load = largest_batches(attacked, clients=64, seconds=4)
    assert min(load.answers) > 0
    assert len(load.small_calls) > 4
    assert set(load.refused) <= {grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert peak.bytes < 900 * MIB


def test_unread_streams_hold_little_memory_and_delay_nobody(attacked: RunningServer):
    with peak_memory(attacked) as peak, unread_streams(attacked, 64):
        load = largest_batches(attacked, clients=2, seconds=1)
    assert min(load.answers) > 0
    assert peak.bytes < 900 * MIB


def test_unread_responses_hold_little_memory_and_delay_no_small_calls(
    attacked: RunningServer,
):
    with (
        peak_memory(attacked) as peak,
        unread_answers(attacked, 40),
        CurveClient(attacked.address) as client,
    ):
        wait_until(lambda: metric(attacked, "curvegan_in_flight") == 80)
        for _ in range(100):
            assert len(client.generate(range(1000))) == 1000
        assert sum(map(len, client.stream(range(100_000)))) == 100_000
    assert peak.bytes < 500 * MIB


def test_garbage_gets_no_traceback(attacked: RunningServer):
    with half_requests(attacked, 20):
        count, leaks = throw_garbage(attacked, seconds=3)
    assert count > 10
    assert leaks == []


def test_random_messages_get_responses_or_client_errors(attacked: RunningServer):
    found = send_random_messages(attacked, seconds=3)
    assert found[grpc.StatusCode.OK] > 0
    assert found[grpc.StatusCode.INVALID_ARGUMENT] > 0
    assert set(found) <= {
        grpc.StatusCode.OK,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    }


def test_random_documents_get_responses_or_client_errors(attacked: RunningServer):
    found, leaks = send_random_documents(attacked, seconds=3)
    assert set(found) == {200, 400, 404}
    assert leaks == []
