"""A job for all parts, on a Ray cluster: a task for each part, wherever a CPU is free.

Nothing has to be sized: a task takes one CPU, as the engine does, for as long as it runs; one whose
process or machine is lost, Ray runs again elsewhere.
"""

import time
from collections.abc import Generator, Iterator
from itertools import islice
from typing import Any

from curvegan.command.ray_cluster import PATIENCE, n_all_cpus, reason, taken
from curvegan.errors import CurveganError
from curvegan.generate.bulk.curve_set import Part
from curvegan.generate.bulk.jobs import MAX_ATTEMPTS, Done, Job, attempt

import ray  # isort: skip  (after ray_cluster, which sees to its reports)
from ray.exceptions import RayError  # isort: skip

# Tasks begun for each CPU, so that none waits for the next.
_TASKS_A_CPU = 2
_HEARTBEAT = 0.1


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
            limit = n_workers or max(1, _TASKS_A_CPU * n_all_cpus())
            for part in islice(parts, max(0, limit - len(begun))):
                begun[task.remote(shared, part)] = part
            if not begun:
                return
            # All that end within a heartbeat at once: each call looks at every task.
            ready, _ = ray.wait(list(begun), num_returns=len(begun), timeout=_HEARTBEAT)
            if not ready:
                yield None
                if begun_at and time.monotonic() - begun_at > patience:
                    raise taken(patience)
            for reference in ready:
                begun_at = None
                part = begun.pop(reference)
                try:
                    answer = ray.get(reference)
                except RayError as error:
                    raise CurveganError(f"can't do {part}: {reason(error)}") from error
                if isinstance(answer, CurveganError):
                    raise answer
                yield part, answer
    finally:
        for reference in begun:
            ray.cancel(reference, force=True)
