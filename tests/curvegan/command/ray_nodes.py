"""A Ray cluster of several nodes on this machine."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from curvegan.command import ray_cluster  # noqa: F401  (sees to Ray's reports)

from ray.cluster_utils import Cluster  # isort: skip


@contextmanager
def head() -> Iterator[Cluster]:
    """Starts a head without CPUs, and nothing else."""
    folder = tempfile.mkdtemp(prefix="ray-")  # Short: Ray's sockets lie in there.
    arguments = {"num_cpus": 0, "include_dashboard": False, "temp_dir": folder}
    started = Cluster(initialize_head=True, head_node_args=arguments)
    yield started
    started.shutdown()
    shutil.rmtree(folder)


@contextmanager
def two_nodes(cluster: Cluster) -> Iterator[list[object]]:
    """Adds two nodes with a CPU each."""
    added = [cluster.add_node(num_cpus=1) for _ in range(2)]
    yield added
    for node in added:
        if node in cluster.worker_nodes:
            cluster.remove_node(node)


def processes(name: str) -> list[int]:
    """Returns the process ids of tasks, or actors, that run; their name begins with `name`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().startswith(f"ray::{name}".encode()):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found
