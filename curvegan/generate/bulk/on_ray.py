"""A job for all parts, on a Ray cluster: a task for each part, wherever a CPU is free.

The only module that imports Ray. Nothing has to be sized: a task takes one CPU, as the engine does,
for as long as it runs; one whose process or machine is lost, Ray runs again elsewhere.
"""

import logging
import os
import socket
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

# Before Ray is loaded, which would tell its maker that it runs.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import ray
from ray.exceptions import RayError

from curvegan.errors import CurveganError
from curvegan.generate.bulk.curve_set import Part
from curvegan.generate.bulk.jobs import MAX_ATTEMPTS, Done, Job, attempt

# Tasks begun for each CPU, so that none waits for the next.
_TASKS_A_CPU = 2
_HEARTBEAT = 0.1
# Seconds to wait for the first part: a cluster may have to grow first.
PATIENCE = 300.0
_CONNECT_SECONDS = 10.0


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Connects to the Ray cluster at `address`: host:port of its head, ray://host:port, or auto for
    the one of this machine. No cluster is ever started.

    Raises CurveganError if there is none.
    """
    _check_reachable(address)
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    except (RayError, OSError, ValueError, RuntimeError) as error:
        raise CurveganError(f"can't connect to Ray at {address}: {_reason(error)}") from error
    try:
        yield
    finally:
        ray.shutdown()


def run_on_ray(
    job: Job, parts: Iterator[Part], n_workers: int | None, patience: float = PATIENCE
) -> Generator[Done | None]:
    """Calls `job` with all `parts` on the cluster; yields each with its outcome, as they are done,
    and None when nothing was for a while. At most `n_workers` tasks run at once; None is for as
    many as there are CPUs. Closing it ends them.

    Raises the CurveganError of a job, or one if tasks can't run.
    """
    begun_at: float | None = time.monotonic()
    task = ray.remote(num_cpus=1, max_retries=MAX_ATTEMPTS - 1)(attempt)
    shared = ray.put(job)
    begun: dict[Any, Part] = {}
    try:
        while True:
            # Each time anew: machines come and go.
            n_cpus = _cpus(ray.cluster_resources)
            limit = n_workers or max(1, _TASKS_A_CPU * n_cpus)
            for part in islice(parts, max(0, limit - len(begun))):
                begun[task.remote(shared, part)] = part
            if not begun:
                return
            # All that end within a heartbeat at once: each call looks at every task.
            ready, _ = ray.wait(list(begun), num_returns=len(begun), timeout=_HEARTBEAT)
            if not ready:
                yield None
                if begun_at and time.monotonic() - begun_at > patience:
                    free = _cpus(ray.available_resources)
                    raise CurveganError(
                        f"the cluster has done nothing in {patience:.0f} seconds: {free} of its "
                        f"{n_cpus} CPUs are free; is it taken by other jobs?"
                    )
            for reference in ready:
                begun_at = None
                part = begun.pop(reference)
                try:
                    answer = ray.get(reference)
                except RayError as error:
                    raise CurveganError(f"can't do {part}: {_reason(error)}") from error
                if isinstance(answer, CurveganError):
                    raise answer
                yield part, answer
    finally:
        for reference in begun:
            ray.cancel(reference, force=True)


def _cpus(resources: Callable[[], dict[str, float]]) -> int:
    return int(resources().get("CPU", 0))


def _check_reachable(address: str) -> None:
    """Raises CurveganError unless something listens there, for which Ray would wait minutes."""
    if address == "auto":
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        raise CurveganError(
            f"{address!r} is not a Ray cluster's address: give host:port, ray://host:port or auto"
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise CurveganError(
            f"nothing answers at {address} ({error}): is Ray running there? `ray status` says"
        ) from error


def _reason(error: Exception) -> str:
    """Returns the line of Ray's text that says what is wrong, which stands below a traceback."""
    line = next(filter(None, reversed(str(error).splitlines())), type(error).__name__)
    if "ModuleNotFoundError" in line:
        return f"{line}; install 'curvegan[scale]' on each of the cluster's machines"
    return line
