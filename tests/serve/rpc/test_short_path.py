"""The code path from a request to its curves is short: few files, few functions."""

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
    """A server whose worker records which of our functions run."""

    def __init__(self, server: RunningServer, trace: Path) -> None:
        self.server = server
        self._trace = trace
        self.client = CurveClient(server.address)

    def path_of(self, ask: Callable[[], object]) -> list[str]:
        """Returns "FILE FUNCTION" for each function that runs during `ask`."""
        ask()  # The first call opens the connection and fills caches.
        self._written()
        ask()
        return self._written()

    def _written(self) -> list[str]:
        """Returns the functions that ran since the last time."""
        (worker,) = workers_of(self.server)
        time.sleep(0.1)  # A call ends a moment after its client has the response.
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


def files_of(path: list[str]) -> set[str]:
    return {function.split()[0] for function in path}


def test_a_call_of_one_seed_runs_through_8_files_and_18_functions(traced: Traced):
    path = traced.path_of(lambda: traced.client.generate([7]))
    assert len(files_of(path)) <= 8, "\n".join(path)
    assert len(path) <= 18, "\n".join(path)


def test_a_call_of_1000_seeds_takes_the_same_path(traced: Traced):
    one = traced.path_of(lambda: traced.client.generate([7]))
    thousand = traced.path_of(lambda: traced.client.generate(list(range(1000))))
    assert thousand == one


def test_a_call_over_rest_runs_through_12_files(traced: Traced):
    body = b'{"inputs":[{"name":"seeds","datatype":"INT64","shape":[2],"data":[7,-1]}]}'

    def ask() -> bytes:
        url = f"http://{traced.server.http}/v2/models/sampler/infer"
        # Like most clients, whose libraries can decompress.
        request = urllib.request.Request(url, body, {"Accept-Encoding": "gzip, deflate"})
        with urllib.request.urlopen(request) as answer:
            content: bytes = answer.read()
            return content

    path = traced.path_of(ask)
    assert len(files_of(path)) <= 12, "\n".join(path)
