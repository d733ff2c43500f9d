"""The attacks, and the claims that must hold during and after each."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import grpc
import numpy as np

from bench.serve.load import Load, apply
from curvegan import CurveClient
from curvegan.engine import Engine
from curvegan.v1.curves_pb2 import CurveSource, GenerateCurvesRequest, SeedList
from serve.running import RunningServer
from serve.settings import Limits
from tests.soak.changes import change_versions
from tests.soak.documents import send_random_documents
from tests.soak.garbage import half_requests, throw_garbage
from tests.soak.load import largest_batches, unread_answers, unread_streams
from tests.soak.messages import send_random_messages
from tests.soak.observe import MIB, Peak, peak_memory, resident_of
from tests.support.commands import workers_of
from tests.support.observe import json_lines, metric

# The limit for a server with one worker, including the supervisor: it fits into 1 GiB.
MEMORY = 900 * MIB


@dataclass(frozen=True)
class Claim:
    """A claim, what was observed, and whether the claim holds."""

    text: str
    seen: str
    holds: bool


Attack = Callable[[RunningServer, int], list[Claim]]


def batches(server: RunningServer, seconds: int) -> list[Claim]:
    with peak_memory(server) as peak:
        load = largest_batches(server, clients=256, seconds=seconds)
    least, median, most = np.percentile(load.answers, (0, 50, 100)).astype(int)
    slowest = max(load.small_calls, default=0.0)
    return [
        Claim(
            "256 clients sending the largest batches: each gets at least half of the median",
            f"{least} to {most} responses each, median {median}, {sum(load.answers)} in total",
            least >= median / 2 > 0,
        ),
        Claim(
            "the others are rejected with a retry delay",
            _statuses(load.refused),
            set(load.refused) <= {grpc.StatusCode.RESOURCE_EXHAUSTED},
        ),
        Claim(
            "a client with small calls gets responses all the time",
            f"{len(load.small_calls)} responses, the slowest in {slowest:.2f} s",
            len(load.small_calls) > seconds,
        ),
        _within_memory(peak),
    ]


def slow_readers(server: RunningServer, seconds: int) -> list[Claim]:
    count = Limits().max_streams
    with peak_memory(server) as peak, unread_streams(server, count):
        load = largest_batches(server, clients=8, seconds=seconds / 4)
    with peak_memory(server) as beside_answers, unread_answers(server, 100):
        small = 0
        until = time.monotonic() + seconds / 4
        with CurveClient(server.address) as client:
            while time.monotonic() < until:
                small += len(client.generate(range(1000)))
    return [
        Claim(
            f"with {count} unread streams, other clients get the largest responses",
            f"{sum(load.answers)} responses",
            min(load.answers) > 0,
        ),
        _within_memory(peak),
        Claim(
            "with 200 unread responses of the largest size, other clients get small ones",
            f"{small:,} curves",
            small > 1000 * seconds,
        ),
        _within_memory(beside_answers),
    ]


def garbage(server: RunningServer, seconds: int) -> list[Claim]:
    with peak_memory(server) as peak, half_requests(server, 100):
        count, leaks = throw_garbage(server, seconds)
    return [
        Claim("garbage on both ports gets no traceback", f"{count:,} pieces", not leaks),
        _within_memory(peak),
    ]


def messages(server: RunningServer, seconds: int) -> list[Claim]:
    with peak_memory(server) as peak:
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
            "random messages get responses or client errors",
            _statuses(found),
            set(found) <= expected and found[grpc.StatusCode.OK] > 0,
        ),
        Claim(
            "so do random documents over HTTP",
            ", ".join(f"{number:,} times {status}" for status, number in over_http.items()),
            set(over_http) == {200, 400, 404} and not leaks,
        ),
        _within_memory(peak),
    ]


def requests(server: RunningServer, _: int) -> list[Claim]:
    """A million requests, however long they take."""
    source = CurveSource(seeds=SeedList(values=[7]))
    request = GenerateCurvesRequest(source=source).SerializeToString()
    (worker,) = workers_of(server)
    load = Load("curvegan.v1.CurveService/GenerateCurves", request, at_once=8, rows=1)
    after: dict[int, int] = {}
    for count, duration in ((10**4, 2), (10**6, 15)):
        for _ in range(100):
            if (answered := metric(server, "curvegan_requests_total", code="OK")) >= count:
                break
            apply(load, server.address, duration)
        time.sleep(2)  # Until the heap has been trimmed.
        after[count] = resident_of(worker)
    first, last = after[10**4], after[10**6]
    return [
        Claim(
            "the worker's memory after 1,000,000 requests is within 5 % of that after 10,000",
            f"{first / MIB:.1f} MiB, then {last / MIB:.1f} MiB after {answered:,.0f}",
            answered >= 10**6 and abs(last / first - 1) <= 0.05,
        )
    ]


def changes(server: RunningServer, link: Path, seconds: int) -> list[Claim]:
    """Not an attack: changes by operators. Ends the server."""
    outcome = change_versions(server, link, seconds)
    seen = outcome.seen
    calls = ", ".join(f"{count:,} {kind}" for kind, count in seen.answers.items())
    failures = f"{len(seen.failures)} failures"
    return [
        Claim(
            "while versions change and workers are killed, no request fails",
            f"{calls}; {': '.join([failures, *seen.failures[:1]])}",
            len(seen.answers) == 4 and not seen.failures,
        ),
        Claim(
            "each response has the curves of its version, which are always the same",
            f"{outcome.versions} versions served, {outcome.refused} refused, {outcome.killed} "
            f"workers killed; {': '.join([f'{len(outcome.wrong)} wrong', *outcome.wrong[:1]])}",
            not outcome.wrong,
        ),
        Claim(
            "SIGTERM shuts it down cleanly, with streams in flight",
            f"exit code {outcome.exit_code}",
            outcome.exit_code == 0,
        ),
    ]


def _within_memory(peak: Peak) -> Claim:
    return Claim(
        f"the memory of the server stays below {MEMORY // MIB} MiB",
        f"{peak.bytes / MIB:.0f} MiB at most",
        0 < peak.bytes < MEMORY,
    )


def unharmed(server: RunningServer, workers: list[int], engine: Engine, attack: str) -> Claim:
    seeds = [0, -1, 2**63 - 1]
    with CurveClient(server.address) as client:
        right = (
            client.generate(seeds).tobytes() == engine.curves_from_seeds(np.array(seeds)).tobytes()
        )
    restarts = metric(server, "curvegan_worker_restarts_total")
    return Claim(
        f"after the attack ({attack}), the same worker returns correct curves",
        f"{restarts:.0f} restarts",
        right and not restarts and workers_of(server) == workers,
    )


def log_is_clean(log: Path, attack: str) -> Claim:
    lines = json_lines(log.read_text())
    errors = [line["message"] for line in lines if line["level"] in ("ERROR", "CRITICAL")]
    return Claim(
        f"the log has no errors ({attack})",
        f"{len(errors)} in {len(lines):,} lines{f': {errors[0][:100]}' if errors else ''}",
        not errors,
    )


def _statuses(found: Mapping[grpc.StatusCode, int]) -> str:
    return ", ".join(f"{count:,} {code.name}" for code, count in found.items()) or "none"


ATTACKS: tuple[Attack, ...] = (batches, slow_readers, garbage, messages, requests)
