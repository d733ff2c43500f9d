"""A Ray cluster of several nodes on this machine."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from curvegan.command import ray_cluster  # noqa: F401  (sees to Ray's reports)
from tests.support.observe import wait_until

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


@contextmanager
def started_by_hand(**variables: str) -> Iterator[str]:
    """Runs `ray start` for a head with a CPU, with these environment variables; yields its
    address."""
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as name:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        started = subprocess.Popen(
            [
                *(sys.executable, "-c", "from ray.scripts.scripts import main; main()", "start"),
                *("--head", "--block", "--num-cpus=1", "--include-dashboard=false"),
                *("--node-ip-address=127.0.0.1", f"--port={port}", f"--temp-dir={name}"),
            ],
            env=os.environ | variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            wait_until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
            yield f"127.0.0.1:{port}"
        finally:
            started.terminate()
            started.wait()
