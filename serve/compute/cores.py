"""How many cores this process may use."""

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePath


def usable_cores(root: Path = Path("/")) -> int:
    """Returns how many threads can compute at once: one for each core that this process may run
    on, or fewer if a container's quota is less. Part of a core counts as one.

    The quota is the least of this process's control group (cgroup v2) and of those above it, as
    the files below `root` have them.
    """
    return math.ceil(min([len(os.sched_getaffinity(0)), *_quotas(root)]))


def _quotas(root: Path) -> Iterator[float]:
    """Yields every quota, in cores."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        hierarchy, _, path = line.partition("::/")
        if hierarchy != "0":  # What is counted by v1.
            continue
        group = PurePath(path)
        for above in (group, *group.parents):
            quota, _, period = _text(root / "sys/fs/cgroup" / above / "cpu.max").partition(" ")
            if quota.isdigit():  # Else it is "max".
                yield int(quota) / int(period)


def _text(path: Path) -> str:
    """Returns what a file says, nothing where there is none or it can't be read."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
