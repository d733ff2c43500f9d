"""Calls of seeds that come together are computed together, and each gets its own curves."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from serve.batch_thread import BatchThread
from serve.batcher import Batcher
from serve.calls import Call
from serve.engine import Engine
from serve.repository import Repository
from tests.serve.models import publish_raised

BATCHERS = pytest.mark.parametrize("batcher", [Batcher, BatchThread])


def some_seeds(calls: int, rows: int) -> list[np.ndarray]:
    """Returns seeds for each of `calls` calls; of different numbers, at most `rows`."""
    rng = np.random.default_rng(calls)
    return [rng.integers(-(2**63), 2**63, rng.integers(1, rows + 1)) for _ in range(calls)]


def new_call() -> Call:
    return Call("test", "test")


@BATCHERS
def test_calls_that_come_together_each_get_the_curves_of_their_seeds(batcher, engine: Engine):
    async def ask(rounds: int) -> None:
        batches = batcher()
        for _ in range(rounds):
            asked = some_seeds(12, 900)
            answers = await asyncio.gather(
                *(batches.curves(engine, seeds, new_call()) for seeds in asked)
            )
            for seeds, curves in zip(asked, answers, strict=True):
                assert curves.tobytes() == engine.curves_from_seeds(seeds).tobytes()

    asyncio.run(ask(rounds=5))


@BATCHERS
def test_calls_that_come_one_by_one_get_the_curves_of_their_seeds(batcher, engine: Engine):
    async def ask() -> None:
        batches = batcher()
        together = some_seeds(3, 10)
        await asyncio.gather(*(batches.curves(engine, seeds, new_call()) for seeds in together))
        for seeds in some_seeds(40, 200):
            curves = await batches.curves(engine, seeds, new_call())
            assert curves.tobytes() == engine.curves_from_seeds(seeds).tobytes()

    asyncio.run(ask())


@BATCHERS
def test_calls_of_two_versions_are_not_mixed(batcher, models: Path):
    publish_raised(models, by=1.0)
    engines = [Engine.of(Repository(models).load(version)) for version in (1, 2, 2, 1)]

    async def ask() -> None:
        batches = batcher()
        for _ in range(3):
            asked = some_seeds(4, 50)
            answers = await asyncio.gather(
                *(batches.curves(*both, new_call()) for both in zip(engines, asked, strict=True))
            )
            for engine, seeds, curves in zip(engines, asked, answers, strict=True):
                assert curves.tobytes() == engine.curves_from_seeds(seeds).tobytes()

    asyncio.run(ask())


@BATCHERS
def test_a_call_that_is_cancelled_leaves_the_others_alone(batcher, engine: Engine):
    cancelled = 0

    async def ask() -> None:
        nonlocal cancelled
        batches = batcher()
        for _ in range(20):
            asked = some_seeds(5, 500)
            calls = [
                asyncio.create_task(batches.curves(engine, seeds, new_call())) for seeds in asked
            ]
            await asyncio.sleep(0)
            cancelled += calls[2].cancel()
            answers = await asyncio.gather(*calls, return_exceptions=True)
            for index in (0, 1, 3, 4):
                assert isinstance(answers[index], np.ndarray)
                expected = engine.curves_from_seeds(asked[index])
                assert answers[index].tobytes() == expected.tobytes()

    asyncio.run(ask())
    assert cancelled > 0


@BATCHERS
def test_what_goes_wrong_in_a_batch_is_told_to_each_and_the_next_goes_on(batcher, engine: Engine):
    async def ask() -> None:
        batches = batcher()
        for _ in range(2):
            wrong = [seeds.astype(np.float32) for seeds in some_seeds(3, 10)]
            answers = await asyncio.gather(
                *(batches.curves(engine, seeds, new_call()) for seeds in wrong),
                return_exceptions=True,
            )
            assert all(isinstance(answer, Exception) for answer in answers)
            (seeds,) = some_seeds(1, 10)
            curves = await batches.curves(engine, seeds, new_call())
            assert curves.tobytes() == engine.curves_from_seeds(seeds).tobytes()

    asyncio.run(ask())
