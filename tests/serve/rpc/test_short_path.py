"""From a request to its curves is a short way: few files to open, few functions to read."""

import os
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from curvegan import CurveClient
from serve.running import RunningServer, running_server
from tests.support.commands import workers_of
from tests.support.observe import wait_until

TRACED = Path(__file__).parents[2] / "support" / "traced"


class Traced:
    """A server whose worker notes which of our functions run."""

    def __init__(self, server: RunningServer, trace: Path) -> None:
        self.server = server
        self._trace = trace
        self.client = CurveClient(server.address)

    def way_of(self, ask: Callable[[], object]) -> list[str]:
        """Returns "FILE FUNCTION" of each function that runs while `ask` is answered."""
        ask()  # The first call opens the connection, and fills what is cached.
        self._written()
        ask()
        return self._written()

    def _written(self) -> list[str]:
        """Returns what ran since the last time."""
        (worker,) = workers_of(self.server)
        time.sleep(0.1)  # A call ends a moment after its client has the answer.
        self._trace.unlink(missing_ok=True)
        os.kill(worker, signal.SIGUSR1)
        wait_until(self._trace.exists)
        return self._trace.read_text().splitlines()


@pytest.fixture(scope="module")
def traced(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    trace = tmp_path_factory.mktemp("trace") / "functions"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(TRACED))
        patch.setenv("TRACE", str(trace))
        with running_server(published) as server:
            patch.undo()
            traced = Traced(server, trace)
            with traced.client:
                yield traced


def files_of(way: list[str]) -> set[str]:
    return {function.split()[0] for function in way}


def test_a_call_of_one_seed_runs_through_8_files_and_18_functions(traced: Traced):
    way = traced.way_of(lambda: traced.client.generate([7]))
    assert len(files_of(way)) <= 8, "\n".join(way)
    assert len(way) <= 18, "\n".join(way)


def test_a_call_of_1000_seeds_takes_the_same_way(traced: Traced):
    one = traced.way_of(lambda: traced.client.generate([7]))
    thousand = traced.way_of(lambda: traced.client.generate(list(range(1000))))
    assert thousand == one


def test_a_call_over_rest_runs_through_11_files(traced: Traced):
    body = b'{"inputs":[{"name":"seeds","datatype":"INT64","shape":[2],"data":[7,-1]}]}'

    def ask() -> bytes:
        url = f"http://{traced.server.http}/v2/models/sampler/infer"
        # As most clients ask, whose library can inflate.
        request = urllib.request.Request(url, body, {"Accept-Encoding": "gzip, deflate"})
        with urllib.request.urlopen(request) as answer:
            content: bytes = answer.read()
            return content

    way = traced.way_of(ask)
    assert len(files_of(way)) <= 11, "\n".join(way)
