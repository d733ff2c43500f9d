"""python -m tests.soak: attacks a server for minutes, and says what became of it."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import grpc
import numpy as np

from bench.serve.load import Load, apply, need_h2load
from bench.timing import print_table
from curvegan.v1.curves_pb2 import CurveSource, GenerateCurvesRequest, SeedList
from serve.client import CurveClient
from serve.command_line import Count, make_app, run
from serve.engine import Engine
from serve.errors import CurveganError
from serve.process import RunningServer, running_server
from serve.repository import Repository
from serve.settings import Bounds
from tests.commands import run_command, workers_of
from tests.serve.observe import metric
from tests.soak.documents import send_random_documents
from tests.soak.garbage import half_requests, throw_garbage
from tests.soak.load import largest_batches, unread_answers, unread_streams
from tests.soak.messages import send_random_messages
from tests.soak.observe import MIB, Peak, resident_of

# What a server of one worker, its supervisor included, may take: it fits into 1 GiB.
MEMORY = 900 * MIB

app = make_app("python -m tests.soak", "Attack a server, and say what became of it.")


@dataclass(frozen=True)
class Claim:
    """Something that has to be so, and what was seen."""

    text: str
    seen: str
    holds: bool


Attack = Callable[[RunningServer, int], list[Claim]]


@app.default
def main(*, seconds: Count = 60) -> None:
    """Attack a server, and say what became of it.

    Parameters
    ----------
    seconds
        How long each attack goes on.
    """
    need_h2load()
    claims: list[Claim] = []
    with tempfile.TemporaryDirectory() as name:
        run_command("train", "--steps", "120", cwd=Path(name))
        models = Path(name) / "models"
        engine = Engine.of(Repository(models).load(1))
        for attack in (_batches, _slow_readers, _garbage, _messages, _requests):
            with running_server(models) as server:
                workers = workers_of(server)
                claims += attack(server, seconds)
                claims.append(_unharmed(server, workers, engine, attack.__name__.lstrip("_")))
    print_table(
        f"Attacks of {seconds} s on a server of one worker",
        ("what is claimed", "seen", ""),
        [(claim.text, claim.seen, "holds" if claim.holds else "FAILS") for claim in claims],
    )
    if not all(claim.holds for claim in claims):
        raise CurveganError("not all of it held")


def _batches(server: RunningServer, seconds: int) -> list[Claim]:
    with Peak(server) as peak:
        load = largest_batches(server, clients=256, seconds=seconds)
    least, median, most = np.percentile(load.answers, (0, 50, 100)).astype(int)
    slowest = max(load.small_calls, default=0.0)
    return [
        Claim(
            "256 clients sending the largest batches: each gets at least half of what most get",
            f"{least} to {most} answers each, the median {median}, {sum(load.answers)} in all",
            least >= median / 2 > 0,
        ),
        Claim(
            "the others are told to come again",
            _statuses(load.refused),
            set(load.refused) <= {grpc.StatusCode.RESOURCE_EXHAUSTED},
        ),
        Claim(
            "a client of few curves is answered all the while",
            f"{len(load.small_calls)} answers, the slowest in {slowest:.2f} s",
            len(load.small_calls) > seconds,
        ),
        _within_memory(peak),
    ]


def _slow_readers(server: RunningServer, seconds: int) -> list[Claim]:
    count = Bounds().max_streams
    with Peak(server) as peak, unread_streams(server, count):
        load = largest_batches(server, clients=8, seconds=seconds / 4)
    with Peak(server) as beside_answers, unread_answers(server, 100):
        small = 0
        until = time.monotonic() + seconds / 4
        with CurveClient(server.address) as client:
            while time.monotonic() < until:
                small += len(client.generate(range(1000)))
    return [
        Claim(
            f"beside {count} streams that nobody reads, others get the largest answers",
            f"{sum(load.answers)} answers",
            min(load.answers) > 0,
        ),
        _within_memory(peak),
        Claim(
            "beside 200 of the largest answers that nobody reads, others get small ones",
            f"{small:,} curves",
            small > 1000 * seconds,
        ),
        _within_memory(beside_answers),
    ]


def _garbage(server: RunningServer, seconds: int) -> list[Claim]:
    with Peak(server) as peak, half_requests(server, 100):
        count, leaks = throw_garbage(server, seconds)
    return [
        Claim("garbage on both ports gets no traceback", f"{count:,} pieces", not leaks),
        _within_memory(peak),
    ]


def _messages(server: RunningServer, seconds: int) -> list[Claim]:
    with Peak(server) as peak:
        found = send_random_messages(server, seconds / 2)
        over_http, leaks = send_random_documents(server, seconds / 2)
    expected = {
        grpc.StatusCode.OK,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    }
    return [
        Claim(
            "random messages get answers or the caller's own errors",
            _statuses(found),
            set(found) <= expected and found[grpc.StatusCode.OK] > 0,
        ),
        Claim(
            "random documents over HTTP too",
            ", ".join(f"{number:,} times {status}" for status, number in over_http.items()),
            set(over_http) == {200, 400, 404} and not leaks,
        ),
        _within_memory(peak),
    ]


def _requests(server: RunningServer, _: int) -> list[Claim]:
    """A million requests, however long they take."""
    source = CurveSource(seeds=SeedList(values=[7]))
    request = GenerateCurvesRequest(source=source).SerializeToString()
    (worker,) = workers_of(server)
    load = Load("curvegan.v1.CurveService/GenerateCurves", request, at_once=8, rows=1)
    after: dict[int, int] = {}
    for count, turn in ((10**4, 2), (10**6, 15)):
        for _ in range(100):
            if (answered := metric(server, "curvegan_requests_total", code="OK")) >= count:
                break
            apply(load, server.address, turn)
        time.sleep(2)  # What is free is given back.
        after[count] = resident_of(worker)
    first, last = after[10**4], after[10**6]
    return [
        Claim(
            "the worker's memory after 1,000,000 requests is within 5 % of that after 10,000",
            f"{first / MIB:.1f} MiB, then {last / MIB:.1f} MiB after {answered:,.0f}",
            answered >= 10**6 and abs(last / first - 1) <= 0.05,
        )
    ]


def _within_memory(peak: Peak) -> Claim:
    return Claim(
        f"its memory stays below {MEMORY // MIB} MiB",
        f"{peak.bytes / MIB:.0f} MiB at most",
        0 < peak.bytes < MEMORY,
    )


def _unharmed(server: RunningServer, workers: list[int], engine: Engine, attack: str) -> Claim:
    seeds = [0, -1, 2**63 - 1]
    with CurveClient(server.address) as client:
        right = (
            client.generate(seeds).tobytes() == engine.curves_from_seeds(np.array(seeds)).tobytes()
        )
    restarts = metric(server, "curvegan_worker_restarts_total")
    return Claim(
        f"after that ({attack}) the same worker gives the right curves",
        f"{restarts:.0f} restarts",
        right and not restarts and workers_of(server) == workers,
    )


def _statuses(found: "dict[grpc.StatusCode, int]") -> str:
    return ", ".join(f"{count:,} {code.name}" for code, count in found.items()) or "none"


if __name__ == "__main__":
    run(app)
