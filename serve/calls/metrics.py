"""Prometheus metrics, summed over all workers.

Uses the multi-process mode of prometheus_client: each process writes its values to files in a
shared folder, and the process that serves a scrape adds them up. Process names are stable, so a
restarted worker continues its predecessor's counters (see docs/decisions/metrics.md).
"""

import os
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from curvegan.errors import ServerError
from curvegan.repository.description import ModelName

if TYPE_CHECKING:  # The supervisor uses this module too, and must not load gRPC.
    from serve.calls.calls import Call


CONTENT_TYPE = prometheus_client.CONTENT_TYPE_PLAIN_0_0_4
# Seconds; from a call of one curve to a long stream.
_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)


# The files of each process: one per metric type and mode of prometheus_client.
_FILES = ("counter", "histogram", "gauge_max", "gauge_livesum", "gauge_sum")
_FILE_BYTES = 2**20


class _Key(NamedTuple):
    """The labels by which calls are counted."""

    method: str
    code: str
    model: str
    version: int


@dataclass(slots=True)
class _Sums:
    """The sums over the calls with one key."""

    calls: int = 0
    rows: int = 0
    seconds: list[float] = field(default_factory=list)
    computed: float = 0.0


@dataclass(frozen=True)
class ModelTotals:
    """Totals of one model version over all workers, since the server started.

    `succeeded` and `failed` count calls, `rows` the curves of calls that succeeded. The seconds are
    sums; `compute_seconds` is the time in the engine of calls that succeeded. `last_request` is in
    seconds since 1970-01-01 UTC, 0 for never.
    """

    rows: float = 0
    succeeded: float = 0
    failed: float = 0
    succeeded_seconds: float = 0.0
    failed_seconds: float = 0.0
    compute_seconds: float = 0.0
    last_request: float = 0.0


Totals = Mapping[tuple[ModelName, int], ModelTotals]


class Metrics:
    """The metrics that one process writes."""

    def __init__(self, folder: Path, process: str) -> None:
        """`folder` is shared by all processes; `process` is this one's name."""
        self._folder = folder
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        prometheus_client.values.ValueClass = prometheus_client.values.MultiProcessValue(  # type: ignore[no-untyped-call]
            process_identifier=lambda: process
        )
        for kind in _FILES:
            _reserve(folder / f"{kind}_{process}.db")
        own = CollectorRegistry()
        self._requests = Counter(
            "curvegan_requests", "Finished requests.", ("method", "code"), registry=own
        )
        self._seconds = Histogram(
            "curvegan_request_seconds",
            "Time from a request's arrival to the end of its response.",
            ("method",),
            buckets=_BUCKETS,
            registry=own,
        )
        self._rows = Counter(
            "curvegan_rows", "Curves in successful responses.", ("model", "version"),
            registry=own,
        )  # fmt: skip
        self._model_requests = Counter(
            "curvegan_model_requests", "Finished requests by model version.",
            ("model", "version", "outcome"), registry=own,
        )  # fmt: skip
        self._model_seconds = Counter(
            "curvegan_model_seconds", "Duration of requests by model version.",
            ("model", "version", "outcome"), registry=own,
        )  # fmt: skip
        self._compute_seconds = Counter(
            "curvegan_compute_seconds", "Time in the engine of successful requests.",
            ("model", "version"), registry=own,
        )  # fmt: skip
        self._last_request = Gauge(
            "curvegan_last_request_timestamp_seconds", "Time of a model version's last request.",
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
            "curvegan_workers", "Workers that are ready.", registry=own, multiprocess_mode="sum"
        )
        self._refused = Counter(
            "curvegan_versions_refused", "Versions that could not be loaded.", registry=own
        )
        self._restarts = Counter(
            "curvegan_worker_restarts", "Workers that ended and were restarted.", registry=own
        )
        # Calls that have ended, but are not yet counted.
        self.ended: list[Call] = []
        self._versions: set[int] = set()

    def flush(self, in_flight: int) -> None:
        """Counts the calls in `ended`, and sets the gauge of calls in flight.

        Calls with equal labels are summed up first. Counting them one by one takes several times as
        long and would block the event loop.
        """
        sums_by_key: defaultdict[_Key, _Sums] = defaultdict(_Sums)
        for call in self.ended:
            sums = sums_by_key[_Key(call.method, call.code.name, call.model, call.version)]
            sums.calls += 1
            sums.rows += call.rows
            sums.seconds.append(call.ended - call.began)
            sums.computed += call.computed
        self.ended.clear()
        for key, sums in sums_by_key.items():
            self._count(key, sums)
        self._in_flight.set(in_flight)

    def _count(self, key: _Key, sums: _Sums) -> None:
        self._requests.labels(key.method, key.code).inc(sums.calls)
        histogram = self._seconds.labels(key.method)
        for seconds in sums.seconds:
            histogram.observe(seconds)
        if not key.model:
            return
        version = (key.model, str(key.version))
        succeeded = key.code == "OK"
        outcome = "success" if succeeded else "failure"
        self._model_requests.labels(*version, outcome).inc(sums.calls)
        self._model_seconds.labels(*version, outcome).inc(sum(sums.seconds))
        self._last_request.labels(*version).set(time.time())
        if succeeded:
            self._rows.labels(*version).inc(sums.rows)
            self._compute_seconds.labels(*version).inc(sums.computed)

    def loaded(self, numbers: list[int]) -> None:
        """Sets the versions that this worker has loaded."""
        for number in self._versions.union(numbers):
            self._loaded.labels(str(number)).set(number in numbers)
        self._versions = set(numbers)

    def workers(self, count: int) -> None:
        """Sets the number of workers that are ready."""
        self._workers.set(count)

    def worker_ended(self, name: str) -> None:
        """Removes the gauges of a worker that has ended. Its counters stay."""
        mark_process_dead(name, str(self._folder))  # type: ignore[no-untyped-call]

    def version_refused(self) -> None:
        """Counts a version that could not be loaded."""
        self._refused.inc()

    def worker_restarted(self) -> None:
        """Counts a worker that was restarted."""
        self._restarts.inc()


def exposition() -> bytes:
    """Returns the metrics of all processes in Prometheus's text format."""
    return generate_latest(_all_processes())


def model_totals() -> dict[tuple[ModelName, int], ModelTotals]:
    """Returns the totals over all processes, by model and version."""
    names = {
        ("curvegan_rows_total", None): "rows",
        ("curvegan_model_requests_total", "success"): "succeeded",
        ("curvegan_model_requests_total", "failure"): "failed",
        ("curvegan_model_seconds_total", "success"): "succeeded_seconds",
        ("curvegan_model_seconds_total", "failure"): "failed_seconds",
        ("curvegan_compute_seconds_total", None): "compute_seconds",
        ("curvegan_last_request_timestamp_seconds", None): "last_request",
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
    """Allocates a metrics file on disk. Raises ServerError if the disk is full.

    prometheus_client itself maps a sparse file into memory, and a process that writes to a hole in
    it is killed when the disk is full.
    """
    if path.exists():  # written by a predecessor with the same name
        return
    # Renamed when complete, because other processes read every file and fail on an empty one.
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, _FILE_BYTES)
        part.replace(path)
    except OSError as error:
        needed = len(_FILES) * _FILE_BYTES // 2**20
        raise ServerError(
            f"can't write the metrics to {path.parent}: {error.strerror}; each process needs "
            f"{needed} MiB there: free some space, or set TMPDIR to another folder"
        ) from None
