"""Concurrent small calls are computed in one batch, and each gets its own curves."""

import asyncio
from pathlib import Path

import numpy as np

from curvegan.arrays import Float32Array, Int64Array
from curvegan.engine import Engine
from curvegan.repository.description import ModelName
from curvegan.repository.repository import Repository
from serve.calls.calls import Call, Calls
from serve.compute.batching import Batcher
from serve.settings import Limits
from tests.support.models import publish_raised


def some_seeds(calls: int, rows: int) -> list[Int64Array]:
    """Returns seeds for each of `calls` calls, between one and `rows` of them."""
    rng = np.random.default_rng(calls)
    return [rng.integers(-(2**63), 2**63, rng.integers(1, rows + 1)) for _ in range(calls)]


class Client:
    """Makes calls to a batcher, each of them counted as in flight."""

    def __init__(self) -> None:
        self.calls = Calls(Limits())
        self.batcher = Batcher(self.calls)

    async def ask(
        self, engine: Engine, *inputs: Int64Array | Float32Array, model: ModelName = "sampler"
    ) -> Float32Array:
        call = Call("test", "test")
        with self.calls.counted(call):
            await asyncio.sleep(0)  # So that all concurrent calls are in flight.
            return await self.batcher.compute(engine, model, inputs, call)


def test_concurrent_calls_each_get_the_curves_of_their_own_seeds(engine: Engine):
    async def ask() -> None:
        client = Client()
        for calls in (2, 8, 12, 50):
            asked = some_seeds(calls, 64)
            answers = await asyncio.gather(*(client.ask(engine, seeds) for seeds in asked))
            for seeds, curves in zip(asked, answers, strict=True):
                assert curves.tobytes() == engine.curves_from_seeds(seeds).tobytes()

    asyncio.run(ask())


def test_concurrent_calls_are_computed_in_one_run(engine: Engine):
    async def ask() -> list[float]:
        client = Client()
        ended: list[Call] = []
        client.calls.add_observer(ended.append)
        await asyncio.gather(*(client.ask(engine, seeds) for seeds in some_seeds(8, 3)))
        return [call.computed for call in ended]

    assert len(set(asyncio.run(ask()))) == 1


def test_a_call_does_not_wait_for_calls_that_never_join_its_batch(engine: Engine):
    async def ask() -> None:
        client = Client()
        with client.calls.counted(Call("a call of another kind", "test")):
            curves = await client.ask(engine, np.array([7]))
        assert curves.tobytes() == engine.curves_from_seeds(np.array([7])).tobytes()

    asyncio.run(ask())


def test_calls_of_two_versions_are_not_mixed(models: Path):
    publish_raised(models, 2)
    engines = [Engine.of(Repository(models).load(version)) for version in (1, 2)]

    async def ask() -> None:
        client = Client()
        asked = [(engine, seeds) for seeds in some_seeds(6, 20) for engine in engines]
        answers = await asyncio.gather(*(client.ask(*one) for one in asked))
        for (engine, seeds), curves in zip(asked, answers, strict=True):
            assert curves.tobytes() == engine.curves_from_seeds(seeds).tobytes()

    asyncio.run(ask())


def test_a_cancelled_call_does_not_affect_the_others(engine: Engine):
    async def ask() -> None:
        client = Client()
        asked = some_seeds(6, 20)
        tasks = [asyncio.create_task(client.ask(engine, seeds)) for seeds in asked]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        tasks[2].cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(answers.pop(2), asyncio.CancelledError)
        del asked[2]
        for seeds, curves in zip(asked, answers, strict=True):
            assert not isinstance(curves, BaseException)
            assert curves.tobytes() == engine.curves_from_seeds(seeds).tobytes()

    asyncio.run(ask())


def test_an_error_in_a_batch_reaches_all_its_calls_but_no_later_ones(engine: Engine):
    no_seeds = np.zeros((1, 1, 1), np.int64)

    async def ask() -> None:
        client = Client()
        asked = [client.ask(engine, no_seeds) for _ in range(3)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(answer, Exception) for answer in answers)
        curves = await client.ask(engine, np.array([7]))
        assert curves.tobytes() == engine.curves_from_seeds(np.array([7])).tobytes()

    asyncio.run(ask())


def test_noise_is_batched_like_seeds(engine: Engine):
    noise = np.random.default_rng(0).standard_normal((3, 2, engine.n_noise), np.float32)

    async def ask() -> None:
        client = Client()
        ended: list[Call] = []
        client.calls.add_observer(ended.append)
        answers = await asyncio.gather(
            *(client.ask(engine, rows, model="generator") for rows in noise)
        )
        for rows, curves in zip(noise, answers, strict=True):
            assert curves.tobytes() == engine.curves_from_noise(rows).tobytes()
        assert len({call.computed for call in ended}) == 1

    asyncio.run(ask())


def test_labels_are_joined_along_with_the_seeds(labelled_engine: Engine):
    engine = labelled_engine

    async def ask() -> None:
        client = Client()
        ended: list[Call] = []
        client.calls.add_observer(ended.append)
        asked = [(seeds, np.arange(len(seeds)) % 3) for seeds in some_seeds(8, 20)]
        answers = await asyncio.gather(*(client.ask(engine, *one) for one in asked))
        for (seeds, labels), curves in zip(asked, answers, strict=True):
            assert curves.tobytes() == engine.curves_from_seeds(seeds, labels).tobytes()
        assert len({call.computed for call in ended}) == 1

    asyncio.run(ask())
