"""Who does the work: processes of this machine, or a Ray cluster."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from curvegan.command.requirements import need_packages
from curvegan.cores import usable_cores
from curvegan.generate.bulk.jobs import RunJob
from curvegan.generate.bulk.processes import run_in_processes


@contextmanager
def workers(n: int | None, ray_address: str | None) -> Iterator[RunJob]:
    """Yields what calls a job with parts, in `n` workers; None is for as many as there are cores.

    Raises CurveganError if there is no Ray cluster at `ray_address`.
    """
    if ray_address is None:
        yield partial(run_in_processes, n_workers=n or usable_cores())
        return
    need_packages("--ray", "scale", ("ray",))
    from curvegan.command.ray_cluster import connected
    from curvegan.generate.bulk.on_ray import run_on_ray

    with connected(ray_address):
        yield partial(run_on_ray, n_workers=n)
