"""CurveClient on servers that are full, that shut down, that are killed, and that are not there."""

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import numpy as np
import pytest

from curvegan import CurveClient, Retry, ServiceError
from serve.running import RunningServer, running_server
from tests.support.commands import run_command, workers_of
from tests.support.observe import metric, wait_until


@contextmanager
def killing(server: RunningServer, times: int) -> Iterator[Callable[[], bool]]:
    """Kills a worker every half second, in turn; yields a function that says whether it still
    does."""

    def kill() -> None:
        for turn in range(times):
            time.sleep(0.5)
            workers = workers_of(server)
            if workers:
                os.kill(workers[turn % len(workers)], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    yield killer.is_alive
    killer.join()


def test_nothing_is_lost_while_workers_are_killed(published: Path, engine):
    """Threads that share a client and threads with their own, unary calls and streams."""
    seeds = np.arange(5_000)
    noise = np.random.default_rng(0).standard_normal((100_000, 5), np.float32)
    expected = engine.curves_from_seeds(seeds).tobytes()
    of_range = engine.curves_from_seeds(np.arange(300_000)).tobytes()
    of_noise = engine.curves_from_noise(noise).tobytes()

    with (
        running_server(published, "--workers", "2") as server,
        CurveClient(server.address) as same,
        CurveClient(server.address) as first,
        CurveClient(server.address) as second,
    ):
        for client in (same, first, second):
            client.model()  # A client that has met its server repeats for longer.

        def call(client: CurveClient, goes_on: Callable[[], bool]) -> int:
            done = 0
            while goes_on():
                assert client.generate(seeds).tobytes() == expected
                done += 1
            return done

        def stream(client: CurveClient, goes_on: Callable[[], bool]) -> int:
            done = 0
            while goes_on():
                parts = list(client.stream(range(300_000)))
                assert np.concatenate(parts).tobytes() == of_range
                parts = list(client.stream_from_noise(noise))
                assert np.concatenate(parts).tobytes() == of_noise
                done += 1
            return done

        with killing(server, 12) as goes_on, ThreadPoolExecutor(4) as threads:
            running = [
                threads.submit(work, client, goes_on)
                for work, client in ((call, same), (stream, same), (call, first), (stream, second))
            ]
            assert all(thread.result() for thread in running)


def test_the_only_worker_is_killed_and_comes_back(published: Path, engine):
    count = 2_000_000
    with running_server(published) as server, CurveClient(server.address) as client:
        stream = client.stream(range(count))
        parts = [next(stream)]
        os.kill(workers_of(server)[0], signal.SIGKILL)
        assert client.generate(7).tobytes() == engine.curves_from_seeds(np.array([7])).tobytes()
        parts.extend(stream)
    expected = engine.curves_from_seeds(np.arange(count))
    assert np.concatenate(parts).tobytes() == expected.tobytes()


def test_without_retry_a_killed_worker_ends_the_stream(published: Path):
    with (
        running_server(published) as server,
        CurveClient(server.address, retry=None) as client,
    ):
        stream = client.stream(range(2**40))
        next(stream)
        os.kill(workers_of(server)[0], signal.SIGKILL)
        with pytest.raises(ServiceError, match="UNAVAILABLE"):
            for _ in stream:
                pass


def test_a_stream_that_broke_off_never_goes_on_with_another_version(
    models: Path, trained_run: Path
):
    with running_server(models) as server, CurveClient(server.address) as client:
        stream = client.stream(range(2**40))
        next(stream)
        run_command("train", "publish", str(trained_run), "--models", str(models), cwd=models)
        while client.model().version == 1:
            time.sleep(0.1)
        os.kill(workers_of(server)[0], signal.SIGKILL)
        with pytest.raises(ServiceError, match="NOT_FOUND: version 1 is not served"):
            for _ in stream:
                pass


def test_a_full_server_is_asked_again_until_it_has_room(published: Path):
    with running_server(published, "--max-calls", "2") as server:

        def ask() -> bool:
            with CurveClient(server.address) as client:
                return all(len(client.generate(range(1000))) == 1000 for _ in range(5))

        with ThreadPoolExecutor(8) as threads:
            assert all(done.result() for done in [threads.submit(ask) for _ in range(8)])


@pytest.mark.parametrize("retry", [None, Retry(seconds=0.5)])
def test_a_server_that_stays_full_is_an_error_in_the_end(published: Path, retry: Retry | None):
    with (
        running_server(published, "--max-streams", "1") as server,
        CurveClient(server.address) as busy,
        CurveClient(server.address, retry=retry) as client,
    ):
        holding = busy.stream(range(10**8))
        next(holding)
        with pytest.raises(ServiceError, match="RESOURCE_EXHAUSTED: the server is full"):
            next(client.stream(range(10)))


@pytest.mark.timeout(60)
def test_repeats_never_pass_the_timeout(published: Path):
    with (
        running_server(published, "--max-calls", "1") as server,
        CurveClient(server.address) as busy,
        CurveClient(server.address, timeout=3, retry=Retry(seconds=120)) as client,
    ):
        holding = busy.stream(range(10**8))
        next(holding)
        for ask in (client.model, lambda: next(client.stream(range(10), timeout=3))):
            with pytest.raises(ServiceError, match="RESOURCE_EXHAUSTED"):
                ask()


@pytest.mark.parametrize(
    "ask",
    [CurveClient.model, lambda client: next(client.stream(range(10)))],
    ids=["call", "stream"],
)
def test_a_last_repeat_without_answer_still_says_why_it_was_one(
    published: Path, ask: Callable[[CurveClient], object]
):
    with (
        running_server(published, "--max-calls", "1") as server,
        CurveClient(server.address) as busy,
        CurveClient(server.address, timeout=5, retry=Retry(jitter=0)) as client,
        ThreadPoolExecutor(1) as threads,
    ):
        holding = busy.stream(range(10**8))
        next(holding)
        asked = threads.submit(ask, client)
        wait_until(
            lambda: metric(server, "curvegan_requests_total", code="RESOURCE_EXHAUSTED") >= 1
        )
        (worker,) = workers_of(server)
        os.kill(worker, signal.SIGSTOP)
        try:
            with pytest.raises(
                ServiceError, match=r"RESOURCE_EXHAUSTED: the server is full.*; asked again: no "
            ):
                asked.result()
        finally:
            os.kill(worker, signal.SIGCONT)


@pytest.mark.timeout(60)
def test_what_no_repeat_mends_is_refused_at_once(server: RunningServer):
    with (
        CurveClient(server.address, retry=Retry(seconds=150)) as client,
        pytest.raises(ServiceError, match="RESOURCE_EXHAUSTED"),
    ):
        client.generate(range(10**9))


def test_a_worker_that_shuts_down_leaves_its_calls_to_the_others(published: Path):
    """Streams that nobody reads keep both workers, and with them the connections, alive; some of
    the clients are at the worker that goes."""
    with (
        running_server(published, "--workers", "2", "--grace", "60") as server,
        contextlib.ExitStack() as stack,
    ):
        retry = Retry(longest_pause=0.1)  # A new connection may meet the worker that goes, again.
        clients = [
            stack.enter_context(CurveClient(server.address, timeout=15, retry=retry))
            for _ in range(8)
        ]
        streams = [client.stream(range(10**8)) for client in clients]
        for stream in streams:
            next(stream)
        os.kill(workers_of(server)[0], signal.SIGTERM)
        time.sleep(0.3)
        for client, stream in zip(clients, streams, strict=True):
            assert len(client.generate(range(10))) == 10
            assert len(next(stream)) > 0
        server.process.kill()  # Rather than wait for the streams.


def test_a_client_can_start_before_its_server():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))  # It refuses connections until it listens.
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with ThreadPoolExecutor(1) as threads, CurveClient(address) as client:
            asked = threads.submit(client.model)
            time.sleep(0.2)
            server.listen()
            server.settimeout(20)
            server.accept()[0].close()  # It did ask again.
            server.close()
            with pytest.raises(ServiceError, match="UNAVAILABLE"):
                asked.result()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("retry", [Retry(seconds=150), None])
def test_no_server_is_said_long_before_the_retries_end(retry: Retry | None):
    with (
        CurveClient("127.0.0.1:9", retry=retry, timeout=None) as client,
        pytest.raises(ServiceError, match=r"no server answers at 127\.0\.0\.1:9"),
    ):
        client.model()


def test_a_closed_client_stops_repeating(published: Path):
    with (
        running_server(published, "--max-calls", "1") as server,
        CurveClient(server.address) as busy,
        ThreadPoolExecutor(1) as threads,
    ):
        holding = busy.stream(range(10**8))
        next(holding)
        client = CurveClient(server.address, retry=Retry(first_pause=10, longest_pause=10))
        asked = threads.submit(client.model)
        wait_until(
            lambda: metric(server, "curvegan_requests_total", code="RESOURCE_EXHAUSTED") == 1
        )
        client.close()
        with pytest.raises(ServiceError) as caught:
            asked.result(timeout=5)
        assert caught.value.code is grpc.StatusCode.CANCELLED
        with pytest.raises(ValueError, match="the client is closed"):
            client.model()


@pytest.mark.parametrize("wrong", [{"seconds": -1}, {"jitter": float("nan")}])
def test_a_retry_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match="give a finite number, not below 0"):
        Retry(**wrong)
