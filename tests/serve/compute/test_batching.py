"""Small calls that come together are computed together, and each gets its own curves."""

import asyncio
from pathlib import Path

import numpy as np

from curvegan.arrays import Float32Array, Int64Array
from curvegan.engine import Engine
from curvegan.repository.manifest import ModelName
from curvegan.repository.repository import Repository
from serve.calls.calls import Call, Calls
from serve.compute.batching import Batches
from serve.settings import Bounds
from tests.support.models import publish_raised


def some_seeds(calls: int, rows: int) -> list[Int64Array]:
    """Returns seeds for each of `calls` calls; of different numbers, at most `rows`."""
    rng = np.random.default_rng(calls)
    return [rng.integers(-(2**63), 2**63, rng.integers(1, rows + 1)) for _ in range(calls)]


class Desk:
    """Asks batches for curves, each time as a call that is in flight."""

    def __init__(self) -> None:
        self.calls = Calls(Bounds())
        self.batches = Batches(self.calls)

    async def ask(
        self, engine: Engine, rows: Int64Array | Float32Array, model: ModelName = "sampler"
    ) -> Float32Array:
        call = Call("test", "test")
        with self.calls.counted(call):
            await asyncio.sleep(0)  # So that calls which come together are all in flight.
            return await self.batches.curves(engine, model, rows, call)


def test_calls_that_come_together_each_get_the_curves_of_their_seeds(engine: Engine):
    async def ask() -> None:
        desk = Desk()
        for calls in (2, 8, 12, 50):
            asked = some_seeds(calls, 64)
            answers = await asyncio.gather(*(desk.ask(engine, seeds) for seeds in asked))
            for seeds, curves in zip(asked, answers, strict=True):
                assert curves.tobytes() == engine.curves_from_seeds(seeds).tobytes()

    asyncio.run(ask())


def test_calls_that_come_together_are_one_run(engine: Engine):
    async def ask() -> list[float]:
        desk = Desk()
        ended: list[Call] = []
        desk.calls.add_observer(ended.append)
        await asyncio.gather(*(desk.ask(engine, seeds) for seeds in some_seeds(8, 3)))
        return [call.computed for call in ended]

    assert len(set(asyncio.run(ask()))) == 1


def test_a_call_that_waits_beside_one_that_does_not_join_is_answered(engine: Engine):
    async def ask() -> None:
        desk = Desk()
        with desk.calls.counted(Call("a call of another kind", "test")):
            curves = await desk.ask(engine, np.array([7]))
        assert curves.tobytes() == engine.curves_from_seeds(np.array([7])).tobytes()

    asyncio.run(ask())


def test_calls_of_two_versions_are_not_mixed(models: Path):
    publish_raised(models, 2)
    engines = [Engine.of(Repository(models).load(version)) for version in (1, 2)]

    async def ask() -> None:
        desk = Desk()
        asked = [(engine, seeds) for seeds in some_seeds(6, 20) for engine in engines]
        answers = await asyncio.gather(*(desk.ask(*one) for one in asked))
        for (engine, seeds), curves in zip(asked, answers, strict=True):
            assert curves.tobytes() == engine.curves_from_seeds(seeds).tobytes()

    asyncio.run(ask())


def test_a_call_that_is_cancelled_leaves_the_others_alone(engine: Engine):
    async def ask() -> None:
        desk = Desk()
        asked = some_seeds(6, 20)
        tasks = [asyncio.create_task(desk.ask(engine, seeds)) for seeds in asked]
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


def test_what_goes_wrong_in_a_batch_reaches_each_call_and_the_next_goes_on(engine: Engine):
    no_seeds = np.zeros((1, 1, 1), np.int64)

    async def ask() -> None:
        desk = Desk()
        asked = [desk.ask(engine, no_seeds) for _ in range(3)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(answer, Exception) for answer in answers)
        curves = await desk.ask(engine, np.array([7]))
        assert curves.tobytes() == engine.curves_from_seeds(np.array([7])).tobytes()

    asyncio.run(ask())


def test_noise_is_joined_like_seeds(engine: Engine):
    noise = np.random.default_rng(0).standard_normal((3, 2, engine.n_noise), np.float32)

    async def ask() -> None:
        desk = Desk()
        ended: list[Call] = []
        desk.calls.add_observer(ended.append)
        answers = await asyncio.gather(*(desk.ask(engine, rows, "generator") for rows in noise))
        for rows, curves in zip(noise, answers, strict=True):
            assert curves.tobytes() == engine.curves_from_noise(rows).tobytes()
        assert len({call.computed for call in ended}) == 1

    asyncio.run(ask())
