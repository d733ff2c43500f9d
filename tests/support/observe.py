"""Observes a running server from outside: its metrics, log and processes."""

import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from serve.running import RunningServer
from tests.support.commands import is_running, workers_of


def wait_until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Waits until `condition` returns a true value. Fails the test after `seconds`."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            pytest.fail(f"the condition was not met within {seconds:g} s")
        time.sleep(0.02)


def http_get(server: RunningServer, path: str) -> tuple[int, str]:
    """Returns the status and body of a path, over a new connection."""
    if path == "/metrics":
        time.sleep(0.1)  # A call is counted a moment after its client has the response.
    try:
        with urllib.request.urlopen(f"http://{server.http}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def samples(server: RunningServer) -> list[Sample]:
    """Returns all samples of a server's metrics."""
    status, text = http_get(server, "/metrics")
    assert status == 200, text
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def metric(server: RunningServer, name: str, **labels: str) -> float:
    """Returns the sum of a metric's samples with these labels, 0 if there are none."""
    return sum(
        sample.value
        for sample in samples(server)
        if sample.name == name and labels.items() <= sample.labels.items()
    )


@contextmanager
def standard_error_in(path: Path) -> Iterator[None]:
    """Redirects the standard error of processes that are started in the block to a file."""
    before = os.dup(2)
    with path.open("wb") as file:
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)


def own_connection(server: RunningServer) -> grpc.Channel:
    """Returns a channel that does not share its connection and does not retry."""
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
    return grpc.insecure_channel(server.address, options)


def json_lines(log: str) -> list[dict[str, Any]]:
    """Parses the lines of a JSON log."""
    return [json.loads(line) for line in log.split("\n") if line]


def kill(pid: int) -> None:
    """Kills a worker. Returns when the process, with its accept queue, is gone."""
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_running(pid))


def kill_server(server: RunningServer) -> None:
    """Kills a server and its workers, none of which has time to end in order."""
    server.process.send_signal(signal.SIGSTOP)
    for worker in workers_of(server):
        kill(worker)
    server.process.kill()
