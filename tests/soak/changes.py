"""Publishes and deletes versions and kills workers, while clients make calls that must not fail."""

import hashlib
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import numpy as np

from curvegan import CurveClient, ServiceError
from curvegan.engine import Engine
from curvegan.repository.repository import ONNX, Repository
from serve.inference.inference_pb2 import ModelInferRequest, ModelInferResponse
from serve.running import RunningServer
from tests.support.commands import workers_of
from tests.support.models import (
    damage,
    delete,
    point,
    publish_as,
    publish_raised,
    put_in_place,
)
from tests.support.observe import kill, metric, own_connection, wait_until

WORKERS = 2
KEEP = 2
OPTIONS = ("--workers", str(WORKERS), "--keep", str(KEEP))

_SEEDS = range(16)
_STREAMED = range(50_000)
_LAST_STREAMED = range(500_000)
# So that clients reconnect, to either worker.
_CALLS_PER_CONNECTION = 20


@dataclass
class Seen:
    """What clients got: counts of responses by kind, digests of curves, and failures.

    `small` and `streamed` contain digests of curves, `named` pairs of version and digest.
    """

    answers: Counter[str] = field(default_factory=Counter)
    small: set[str] = field(default_factory=set)
    streamed: set[str] = field(default_factory=set)
    named: set[tuple[int, str]] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)


@dataclass
class Outcome:
    """The result: `wrong` describes responses whose curves do not belong to their version.

    `versions`, `refused` and `killed` count published and refused versions and killed workers.
    `exit_code` is the exit code of a shutdown with calls in flight.
    """

    seen: Seen
    wrong: list[str]
    versions: int
    refused: int
    killed: int
    exit_code: int


def change_versions(server: RunningServer, link: Path, seconds: float) -> Outcome:
    """Changes versions and kills workers for `seconds`, at least one round. Then ends the server.

    `server` runs with OPTIONS; `link` is a link to its repository, which contains version 1.
    """
    script = _Script(server, link)
    seen = Seen()
    with _clients(server, seen) as clients:
        until = time.monotonic() + seconds
        while True:
            script.round(clients)
            if time.monotonic() > until:
                break
        clients.wait_for_streams()
    exit_code = _drain(server, seen)
    small = {_sum(engine, _SEEDS): version for version, engine in script.engines.items()}
    streamed = {_sum(engine, _STREAMED) for engine in script.engines.values()}
    newest = script.engines[max(script.versions())]
    streamed.add(_sum(newest, _LAST_STREAMED))
    wrong = [f"small {found[:8]}" for found in seen.small - small.keys()]
    wrong += [f"streamed {found[:8]}" for found in seen.streamed - streamed]
    wrong += [
        f"version {version} returned {small.get(found, 'unknown curves')}"
        for version, found in seen.named
        if small.get(found) != version
    ]
    refused = script.refused
    return Outcome(seen, wrong, len(script.engines), refused, script.killed, exit_code)


class _Clients:
    """The clients. The one that does not retry holds `connected` while it has a connection."""

    def __init__(self) -> None:
        self.connected = threading.Lock()
        self.stop = threading.Event()
        self.streams: list[int] = []

    def wait_for_streams(self) -> None:
        """Waits until all streams that are now in flight have ended."""
        before = list(self.streams)
        wait_until(lambda: all(now > then for now, then in zip(self.streams, before, strict=True)))


@contextmanager
def _clients(server: RunningServer, seen: Seen) -> Iterator[_Clients]:
    clients = _Clients()

    def small(client: CurveClient) -> None:
        seen.small.add(_sum_of(client.generate(_SEEDS)))
        seen.answers["small"] += 1

    def stream(client: CurveClient, number: int) -> None:
        digest = hashlib.sha256()
        for part in client.stream(_STREAMED):
            digest.update(part.tobytes())
        seen.streamed.add(digest.hexdigest())
        seen.answers["streams"] += 1
        clients.streams[number] += 1

    def ask(what: Callable[[CurveClient], None]) -> None:
        while not clients.stop.is_set():
            with CurveClient(server.address) as client:
                for _ in range(_CALLS_PER_CONNECTION):
                    try:
                        what(client)
                    except ServiceError as error:
                        seen.failures.append(f"{what.__name__}: {error}")
                    if clients.stop.is_set():
                        break

    def infer() -> None:
        """Makes ModelInfer calls, like Triton's client."""
        given = ModelInferRequest.InferInputTensor(
            name="seeds", datatype="INT64", shape=[len(_SEEDS)]
        )
        request = ModelInferRequest(
            model_name="sampler",
            inputs=[given],
            raw_input_contents=[np.array(_SEEDS).tobytes()],
        ).SerializeToString()
        while not clients.stop.is_set():
            with clients.connected, own_connection(server) as channel:
                call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
                for _ in range(_CALLS_PER_CONNECTION):
                    try:
                        answer = ModelInferResponse.FromString(call(request, timeout=20))
                    except grpc.RpcError as error:
                        seen.failures.append(f"infer: {error.code().name}: {error.details()}")
                        continue
                    curves = hashlib.sha256(answer.raw_output_contents[0]).hexdigest()
                    seen.named.add((int(answer.model_version), curves))
                    seen.answers["infer"] += 1
            time.sleep(0.001)  # So that others can acquire the lock.

    asking: list[Callable[[], None]] = [lambda: ask(small), lambda: ask(small), infer]
    for number in range(2):
        clients.streams.append(0)

        def stream_on(client: CurveClient, number: int = number) -> None:
            stream(client, number)

        asking.append(lambda what=stream_on: ask(what))
    threads = [threading.Thread(target=target) for target in asking]
    for thread in threads:
        thread.start()
    try:
        yield clients
    finally:
        clients.stop.set()
        for thread in threads:
            thread.join()


class _Script:
    """The changes to a server and its repository."""

    def __init__(self, server: RunningServer, link: Path) -> None:
        self._server = server
        self._link = link
        self._models = link.resolve()
        self._height = 0
        self.engines = {1: Engine.of(Repository(link).load(1))}
        self._restarts_before = 0.0
        self.refused = 0
        self.killed = 0

    def versions(self) -> list[int]:
        """Returns the versions in the repository, ascending."""
        return Repository(self._link).versions()

    def round(self, clients: _Clients) -> None:
        """Makes each change once."""
        self._publish()
        newest = self._publish()
        # Workers that have loaded it keep it, but a worker that starts now can't load it.
        damage(self._models / "sampler" / str(newest) / ONNX)
        self._kill(clients)
        self._wait_until_refused()
        self._wait_for_all_workers()
        # Roll back to the previous version.
        self._delete(newest)
        publish_as(self._models, newest, self._models, by=self._next_height())
        self._wait_until_refused()
        self._delete(newest)
        self._publish_damaged()
        self._swap(clients)

    def _publish(self) -> int:
        version = publish_raised(self._models, by=self._next_height())
        self.engines[version] = Engine.of(Repository(self._models).load(version))
        self._wait_until_loaded(version)
        return version

    def _publish_damaged(self) -> None:
        elsewhere = shutil.copytree(self._models, self._models.with_name("elsewhere"))
        version = publish_raised(elsewhere, by=self._next_height())
        damage(elsewhere / "generator" / str(version) / ONNX)
        put_in_place(elsewhere, self._models, version)
        shutil.rmtree(elsewhere)
        self._wait_until_refused()
        delete(self._models, version)

    def _delete(self, version: int) -> None:
        delete(self._models, version)
        self._wait_until_loaded(version, by=0)

    def _swap(self, clients: _Clients) -> None:
        """Points the link to a repository where the served versions have other content, so that a
        killed worker can't start. Then points it back."""
        other = shutil.copytree(self._models, self._models.with_name("other"))
        for version in self.versions():
            delete(other, version)
        for version in self.versions()[-KEEP:]:
            publish_as(other, version, self._models, by=self._next_height())
        point(self._link, other)
        self._wait_until_refused()
        self._kill(clients)
        self._wait_for_restarts(times=2)
        point(self._link, self._models)
        self._wait_for_all_workers()
        shutil.rmtree(other)

    def _kill(self, clients: _Clients) -> None:
        """Kills the oldest worker.

        Waits for the streams in flight first: their version may be deleted, and then no other
        worker could continue them.
        """
        clients.wait_for_streams()
        self._restarts_before = self._restarts()
        with clients.connected:
            kill(workers_of(self._server)[0])
        self.killed += 1

    def _wait_for_restarts(self, times: int = 1) -> None:
        """Waits until workers were restarted this many times since the last kill."""
        wait_until(lambda: self._restarts() >= self._restarts_before + times)

    def _wait_for_all_workers(self) -> None:
        """Waits until all workers are ready again after a kill."""
        self._wait_for_restarts()
        wait_until(lambda: metric(self._server, "curvegan_workers") == WORKERS)

    def _restarts(self) -> float:
        return metric(self._server, "curvegan_worker_restarts_total")

    def _wait_until_loaded(self, version: int, by: int = WORKERS) -> None:
        """Waits until this many workers have loaded a version."""
        wait_until(
            lambda: metric(self._server, "curvegan_loaded_versions", version=str(version)) == by
        )

    def _wait_until_refused(self) -> None:
        """Waits until one more version has been refused."""
        wait_until(lambda: metric(self._server, "curvegan_versions_refused_total") > self.refused)
        self.refused = int(metric(self._server, "curvegan_versions_refused_total"))

    def _next_height(self) -> float:
        """Returns what to add to the curves of the next version: a new number each time."""
        self._height += 1
        return float(self._height)


def _drain(server: RunningServer, seen: Seen) -> int:
    """Shuts down a server with streams in flight. Returns its exit code."""
    with ExitStack() as stack:
        streams = []
        for _ in range(2 * WORKERS):
            client = stack.enter_context(CurveClient(server.address, retry=None))
            stream = client.stream(_LAST_STREAMED)
            streams.append((stream, hashlib.sha256(next(stream).tobytes())))
        server.process.terminate()

        def finish(stream: Iterator[np.ndarray], digest: "hashlib._Hash") -> None:
            try:
                for part in stream:
                    digest.update(part.tobytes())
            except ServiceError as error:
                seen.failures.append(f"during shutdown: {error}")
            else:
                seen.streamed.add(digest.hexdigest())
                seen.answers["during shutdown"] += 1

        threads = [threading.Thread(target=finish, args=one) for one in streams]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return server.process.wait(timeout=60)


def _sum(engine: Engine, seeds: range) -> str:
    return _sum_of(engine.curves_from_seeds(np.array(seeds)))


def _sum_of(curves: np.ndarray) -> str:
    return hashlib.sha256(curves.tobytes()).hexdigest()
