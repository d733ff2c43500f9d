"""Prometheus metrics, correct across workers.

Each process writes its values into files of one folder, and whoever is asked adds them up: the
multi-process mode of prometheus_client. Processes go by names that stay, so a worker that is
started again goes on with the values of the one before it: docs/decisions/metrics.md says why.
"""

import os
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from curvegan.errors import ServerError
from curvegan.repository.manifest import ModelName

if TYPE_CHECKING:  # The supervisor, which uses this module too, must not load gRPC.
    from serve.calls.calls import Call


CONTENT_TYPE = prometheus_client.CONTENT_TYPE_PLAIN_0_0_4
# Seconds; from a call of one curve to a long stream.
_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)


# The files that a process writes to: prometheus_client's kinds and modes of metrics.
_FILES = ("counter", "histogram", "gauge_max", "gauge_livesum", "gauge_sum")
_FILE_BYTES = 2**20


class _Kind(NamedTuple):
    """Calls that are counted together."""

    method: str
    code: str
    model: str
    version: int


@dataclass(slots=True)
class _Sums:
    """What is counted of the calls of a kind."""

    calls: int = 0
    rows: int = 0
    seconds: list[float] = field(default_factory=list)
    computed: float = 0.0


@dataclass(frozen=True)
class ModelTotals:
    """What all workers have done with one version of a model since the server started.

    `rows` counts the curves of the calls that succeeded, `succeeded` and `failed` calls. The times
    are sums in seconds; `compute_seconds` is the engine's part of those that succeeded.
    `last_asked` is in seconds since 1970-01-01 UTC, 0 for never.
    """

    rows: float = 0
    succeeded: float = 0
    failed: float = 0
    succeeded_seconds: float = 0.0
    failed_seconds: float = 0.0
    compute_seconds: float = 0.0
    last_asked: float = 0.0


class Metrics:
    """The metrics of one process, among those of all."""

    def __init__(self, folder: Path, process: str) -> None:
        """Writes into `folder`, as the process that goes by the name `process`."""
        self._folder = folder
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        prometheus_client.values.ValueClass = prometheus_client.values.MultiProcessValue(  # type: ignore[no-untyped-call]
            process_identifier=lambda: process
        )
        for kind in _FILES:
            _reserve(folder / f"{kind}_{process}.db")
        own = CollectorRegistry()
        self._requests = Counter(
            "curvegan_requests", "Requests that ended.", ("method", "code"), registry=own
        )
        self._seconds = Histogram(
            "curvegan_request_seconds",
            "Time from a request's arrival to the end of its answer.",
            ("method",),
            buckets=_BUCKETS,
            registry=own,
        )
        self._rows = Counter(
            "curvegan_rows", "Curves of the requests that succeeded.", ("model", "version"),
            registry=own,
        )  # fmt: skip
        self._model_requests = Counter(
            "curvegan_model_requests", "Requests that reached a model version.",
            ("model", "version", "outcome"), registry=own,
        )  # fmt: skip
        self._model_seconds = Counter(
            "curvegan_model_seconds", "Time of the requests that reached a model version.",
            ("model", "version", "outcome"), registry=own,
        )  # fmt: skip
        self._compute_seconds = Counter(
            "curvegan_compute_seconds", "The engine's part of the requests that succeeded.",
            ("model", "version"), registry=own,
        )  # fmt: skip
        self._last_asked = Gauge(
            "curvegan_last_request_timestamp_seconds", "When a model version was last asked.",
            ("model", "version"), registry=own, multiprocess_mode="max",
        )  # fmt: skip
        self._in_flight = Gauge(
            "curvegan_in_flight", "Requests in flight.", registry=own, multiprocess_mode="livesum"
        )
        self._loaded = Gauge(
            "curvegan_loaded_versions", "Workers that have this version loaded.", ("version",),
            registry=own, multiprocess_mode="livesum",
        )  # fmt: skip
        self._workers = Gauge(
            "curvegan_workers", "Workers that take calls.", registry=own, multiprocess_mode="sum"
        )
        self._refused = Counter(
            "curvegan_versions_refused", "Versions that could not be loaded.", registry=own
        )
        self._restarts = Counter(
            "curvegan_worker_restarts", "Workers that ended and were started again.", registry=own
        )
        # Calls that ended and are not yet counted.
        self.ended: list[Call] = []
        self._versions: set[int] = set()

    def flush(self, in_flight: int) -> None:
        """Counts the calls in `ended`, and that `in_flight` others are under way.

        Calls of a kind are counted in one go: one by one takes several times as long, and the calls
        that come meanwhile would wait for it.
        """
        kinds: defaultdict[_Kind, _Sums] = defaultdict(_Sums)
        for call in self.ended:
            sums = kinds[_Kind(call.method, call.code.name, call.model, call.version)]
            sums.calls += 1
            sums.rows += call.rows
            sums.seconds.append(call.ended - call.began)
            sums.computed += call.computed
        self.ended.clear()
        for kind, sums in kinds.items():
            self._count(kind, sums)
        self._in_flight.set(in_flight)

    def _count(self, kind: _Kind, sums: _Sums) -> None:
        self._requests.labels(kind.method, kind.code).inc(sums.calls)
        histogram = self._seconds.labels(kind.method)
        for seconds in sums.seconds:
            histogram.observe(seconds)
        if not kind.model:
            return
        version = (kind.model, str(kind.version))
        succeeded = kind.code == "OK"
        outcome = "success" if succeeded else "failure"
        self._model_requests.labels(*version, outcome).inc(sums.calls)
        self._model_seconds.labels(*version, outcome).inc(sum(sums.seconds))
        self._last_asked.labels(*version).set(time.time())
        if succeeded:
            self._rows.labels(*version).inc(sums.rows)
            self._compute_seconds.labels(*version).inc(sums.computed)

    def loaded(self, numbers: list[int]) -> None:
        """Notes which versions this worker has loaded."""
        for number in self._versions.union(numbers):
            self._loaded.labels(str(number)).set(number in numbers)
        self._versions = set(numbers)

    def workers(self, count: int) -> None:
        """Notes how many workers take calls."""
        self._workers.set(count)

    def worker_ended(self, name: str) -> None:
        """Notes that a worker has nothing in flight or loaded any more; what it counted stays."""
        mark_process_dead(name, str(self._folder))  # type: ignore[no-untyped-call]

    def version_refused(self) -> None:
        """Counts a version that could not be loaded."""
        self._refused.inc()

    def worker_restarted(self) -> None:
        """Counts a worker that was started again."""
        self._restarts.inc()


def exposition() -> bytes:
    """Returns the metrics of all processes, in Prometheus's text format."""
    return generate_latest(_all_processes())


def model_totals() -> dict[tuple[ModelName, int], ModelTotals]:
    """Returns the totals of all processes by model and version."""
    names = {
        ("curvegan_rows_total", None): "rows",
        ("curvegan_model_requests_total", "success"): "succeeded",
        ("curvegan_model_requests_total", "failure"): "failed",
        ("curvegan_model_seconds_total", "success"): "succeeded_seconds",
        ("curvegan_model_seconds_total", "failure"): "failed_seconds",
        ("curvegan_compute_seconds_total", None): "compute_seconds",
        ("curvegan_last_request_timestamp_seconds", None): "last_asked",
    }
    totals: dict[tuple[ModelName, int], ModelTotals] = {}
    for metric in _all_processes().collect():
        for sample in metric.samples:
            name = names.get((sample.name, sample.labels.get("outcome")))
            if name:
                model = cast(ModelName, sample.labels["model"])
                version = (model, int(sample.labels["version"]))
                known = totals.get(version, ModelTotals())
                totals[version] = replace(known, **{name: sample.value})
    return totals


def _all_processes() -> CollectorRegistry:
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _reserve(path: Path) -> None:
    """Takes the room for a file at once. Raises ServerError if there is none.

    prometheus_client maps a file with holes into memory: a process that writes into one of them on
    a full disk is killed.
    """
    if path.exists():  # of a process that went by the same name
        return
    # Other processes read all that is there, and stumble over a file that is still empty.
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, _FILE_BYTES)
        part.replace(path)
    except OSError as error:
        needed = len(_FILES) * _FILE_BYTES // 2**20
        raise ServerError(
            f"can't write the metrics into {path.parent}: {error.strerror}; each process needs "
            f"{needed} MiB there: make room, or set TMPDIR to another folder"
        ) from None
