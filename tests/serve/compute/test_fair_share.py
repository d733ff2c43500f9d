"""CPU and memory are shared fairly: a client that asks for a lot delays only itself."""

import asyncio

import grpc
import pytest

from serve.calls.status import RequestError
from serve.compute.fair_share import FairShare

MEMORY = 1000


def test_a_client_that_does_not_read_holds_at_most_a_quarter_of_the_memory():
    async def ask() -> None:
        share = FairShare(MEMORY, max_wait=0.2)
        await share.run("greedy", lambda: None, n_bytes=200)
        with pytest.raises(RequestError) as caught:
            await share.run("greedy", lambda: None, n_bytes=200)
        assert caught.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert caught.value.retry_after is not None
        assert await share.run("other", lambda: 7, n_bytes=250) == 7

    asyncio.run(ask())


def test_released_memory_can_be_used_again():
    async def ask() -> None:
        share = FairShare(MEMORY, max_wait=5)
        await share.run("one", lambda: None, n_bytes=MEMORY)
        waiting = asyncio.create_task(share.run("two", lambda: 7, n_bytes=MEMORY))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        share.release("one", MEMORY)
        assert await waiting == 7

    asyncio.run(ask())


def test_work_without_memory_does_not_wait_for_memory():
    async def ask() -> None:
        share = FairShare(MEMORY, max_wait=5)
        await share.run("one", lambda: None, n_bytes=MEMORY)
        waiting = asyncio.create_task(share.run("two", lambda: None, n_bytes=MEMORY))
        await asyncio.sleep(0.05)
        assert await share.run("three", lambda: 7) == 7
        assert not waiting.done()
        waiting.cancel()

    asyncio.run(ask())


def test_failed_work_releases_its_memory():
    def fail() -> None:
        raise ValueError("on purpose")

    async def ask() -> None:
        share = FairShare(MEMORY, max_wait=5)
        for _ in range(3):
            with pytest.raises(ValueError, match="on purpose"):
                await share.run("one", fail, n_bytes=MEMORY)

    asyncio.run(ask())
