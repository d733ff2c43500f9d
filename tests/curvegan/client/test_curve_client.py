"""CurveClient: numpy in, numpy out."""

import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from functools import partial
from pathlib import Path

import grpc
import numpy as np
import pytest

from curvegan import CurveClient, ServiceError
from serve.running import RunningServer, running_server
from tests.support.commands import workers_of


@pytest.mark.parametrize(
    "seeds",
    [
        7,
        range(64),
        range(10, 0, -3),
        [5, -1, 5, 2**63 - 1, -(2**63)],
        np.arange(20, dtype=np.uint8),
        np.array([2**63 - 1], np.uint64),
        np.int64(3),
    ],
)
def test_generate_gives_the_engine_s_bytes_for_every_way_to_write_seeds(client, engine, seeds):
    expected = engine.curves_from_seeds(np.atleast_1d(np.array(seeds)).astype(np.int64))
    curves = client.generate(seeds)
    assert curves.dtype == np.float32
    assert curves.tobytes() == expected.tobytes()
    assert np.concatenate(list(client.stream(seeds))).tobytes() == expected.tobytes()


def test_generate_from_noise_gives_the_engine_s_bytes(client, engine):
    noise = np.random.default_rng(0).standard_normal((100, 5), np.float32)
    assert client.generate_from_noise(noise).tobytes() == engine.curves_from_noise(noise).tobytes()


def test_noise_too_long_for_one_message_streams_all_the_same(client, engine):
    noise = np.random.default_rng(0).standard_normal((200_000, 5), np.float32)
    curves = np.concatenate(list(client.stream_from_noise(noise)))
    assert curves.tobytes() == engine.curves_from_noise(noise).tobytes()


def test_a_long_range_streams_in_parts(client, engine):
    parts = list(client.stream(range(100, 200_100)))
    assert len(parts) > 5
    expected = engine.curves_from_seeds(np.arange(100, 200_100))
    assert np.concatenate(parts).tobytes() == expected.tobytes()


def test_a_list_too_long_for_one_message_streams_all_the_same(client, engine):
    seeds = np.random.default_rng(0).integers(-(2**63), 2**63, 700_000, np.int64)
    curves = np.concatenate(list(client.stream(seeds)))
    assert curves.tobytes() == engine.curves_from_seeds(seeds).tobytes()


def test_the_range_of_all_seeds_can_be_streamed_from(client, engine):
    first = next(client.stream(range(-(2**63), 2**63)))
    expected = engine.curves_from_seeds(np.arange(len(first)) + -(2**63))
    assert first.tobytes() == expected.tobytes()


def test_model_describes_what_is_served(client):
    model = client.model()
    assert (model.version, model.family, model.n_noise) == (1, "quadratics", 5)
    assert model.x_grid.shape == (15,)
    lower, upper = model.bounds
    np.testing.assert_allclose(lower, model.x_grid**2)
    np.testing.assert_allclose(upper, 2 * model.x_grid**2 + 1)


def test_a_client_that_reads_the_description_needs_no_other_word_of_the_model(client):
    model = client.model()
    [a] = model.parameters
    assert (a.name, a.low, a.high) == ("a", 1, 2)
    for value in (1, 1.25, 2):
        curve = value * model.x_grid**2 + (value - 1)
        assert curve @ a.weights + a.offset == pytest.approx(value, abs=1e-12)
    assert {measure.name for measure in model.measures} == set(model.quality)
    assert [tensor.shape for tensor in model.generator_inputs] == [[-1, model.n_noise]]


@pytest.mark.parametrize(
    ("seeds", "problem"),
    [
        ([1.5], "is not an integer"),
        (["7"], "is not an integer"),
        ([1, True], "is not an integer"),
        ([None, 1], "is not an integer"),
        ([0, Fraction(3, 2)], "is not an integer"),
        (np.array([0.0]), "is not an integer"),
        (2**63, "is not a 64-bit integer"),
        ([0, 2**64], "is not a 64-bit integer"),
        (range(2**63 - 1, 2**63 + 1), "is not a 64-bit integer"),
        (np.array([2**63], np.uint64), "is not a 64-bit integer"),
        (np.zeros((2, 2), int), "have shape"),
    ],
)
def test_what_is_no_seed_is_refused_before_it_is_sent(client, seeds, problem):
    with pytest.raises(ValueError, match=problem):
        client.generate(seeds)
    with pytest.raises(ValueError, match=problem):
        list(client.stream(seeds))


@pytest.mark.parametrize("seeds", [[], range(0), np.empty(0, np.int64)])
def test_no_seeds_is_the_server_s_error_with_its_field(client, seeds):
    for ask in (client.generate, lambda seeds: list(client.stream(seeds))):
        with pytest.raises(
            ServiceError, match=r"INVALID_ARGUMENT: source\.seeds\.values is empty"
        ) as caught:
            ask(seeds)
        assert caught.value.field == "source.seeds.values"
        assert caught.value.code is grpc.StatusCode.INVALID_ARGUMENT


def test_noise_that_is_no_table_is_refused_before_it_is_sent(client):
    for ask in (client.generate_from_noise, client.stream_from_noise):
        with pytest.raises(ValueError, match=r"has shape \(5,\)"):
            ask(np.zeros(5))


@pytest.mark.parametrize("shape", [(0, 5), (3, 0)])
def test_no_noise_is_the_server_s_error(client, shape: tuple[int, int]):
    with pytest.raises(ServiceError, match=r"INVALID_ARGUMENT: source\.noise\."):
        list(client.stream_from_noise(np.zeros(shape)))


def test_noise_of_another_width_is_the_server_s_error(client):
    with pytest.raises(ServiceError, match=r"source\.noise\.width is 4: this model takes 5"):
        client.generate_from_noise(np.zeros((2, 4)))


def test_a_billion_curves_in_one_call_are_refused_at_once(client):
    with pytest.raises(ServiceError, match=r"RESOURCE_EXHAUSTED: .*60000000000 bytes"):
        client.generate(range(10**9))


def test_a_deadline_ends_a_call(server: RunningServer):
    with (
        CurveClient(server.address, timeout=1e-6) as client,
        pytest.raises(ServiceError, match="DEADLINE_EXCEEDED"),
    ):
        client.generate(range(60_000))


def test_ctrl_c_at_any_moment_leaves_a_client_that_closes(server: RunningServer):
    """An exception out of a signal handler may meet gRPC between starting a call and the thread
    that ends it; after that its channel never closes. Python's own Condition.wait may turn the
    KeyboardInterrupt into a RuntimeError, whose context it then is."""
    program = (
        "import random, signal, sys\n"
        "from curvegan import CurveClient\n"
        "signal.signal(signal.SIGALRM, signal.default_int_handler)\n"
        "random.seed(0)\n"
        "for _ in range(100):\n"
        "    try:\n"
        "        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-4, 0.03))\n"
        "        with CurveClient(sys.argv[1]) as client:\n"
        "            for _ in client.stream(range(10**6)):\n"
        "                pass\n"
        "    except KeyboardInterrupt:\n"
        "        pass\n"
        "    except RuntimeError as error:\n"
        "        assert isinstance(error.__context__, KeyboardInterrupt), error\n"
    )
    command = [sys.executable, "-c", program, server.address]
    assert subprocess.run(command, check=False, timeout=120).returncode == 0


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), 1e300])
def test_a_timeout_that_makes_no_sense_is_refused_at_once(client, timeout: float):
    for make in (partial(CurveClient, timeout=timeout), partial(client.stream, 7, timeout=timeout)):
        with pytest.raises(ValueError, match=r"timeout is .*: give seconds above 0.*or None"):
            make()


def test_a_deadline_ends_a_stream(client):
    with pytest.raises(ServiceError, match="DEADLINE_EXCEEDED"):
        for _ in client.stream(range(2**40), timeout=0.3):
            pass


def test_a_server_that_stands_still_ends_a_stream_in_time(published: Path):
    with running_server(published) as server, CurveClient(server.address, timeout=5) as client:
        stream = client.stream(range(2**40))
        next(stream)
        (worker,) = workers_of(server)
        os.kill(worker, signal.SIGSTOP)
        try:
            with pytest.raises(
                ServiceError, match=r"DEADLINE_EXCEEDED: no curves came for \d(\.\d)? s"
            ):
                for _ in stream:
                    pass
        finally:
            os.kill(worker, signal.SIGCONT)


def test_a_reader_may_take_longer_than_the_server(server: RunningServer):
    with CurveClient(server.address, timeout=4) as client:
        stream = client.stream(range(100_000))
        rows = len(next(stream))
        time.sleep(4.5)
        assert rows + sum(map(len, stream)) == 100_000


def test_no_server_says_how_to_start_one():
    with (
        CurveClient("127.0.0.1:9") as client,
        pytest.raises(ServiceError, match=r"no server answers at 127\.0\.0\.1:9.*python -m serve"),
    ):
        client.generate([1])
