"""The number of cores that this process may use."""

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePath


def usable_cores(root: Path = Path("/")) -> int:
    """Returns the number of cores in this process's CPU affinity, or its container's CPU quota,
    rounded up, if that is lower. Systems other than Linux know neither: there it is all cores.

    The quota is the lowest of this process's control group (cgroup v2) and of its parents, read
    from the files below `root`.
    """
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    return math.ceil(min([len(os.sched_getaffinity(0)), *_quotas(root)]))


def _quotas(root: Path) -> Iterator[float]:
    """Yields the quota of the control group and of each parent, in cores."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        hierarchy, _, path = line.partition("::/")
        if hierarchy != "0":  # cgroup v1
            continue
        group = PurePath(path)
        for above in (group, *group.parents):
            quota, _, period = _text(root / "sys/fs/cgroup" / above / "cpu.max").partition(" ")
            if quota.isdigit():  # "max" means no quota.
                yield int(quota) / int(period)


def _text(path: Path) -> str:
    """Returns the content of a file, or "" if it can't be read."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
