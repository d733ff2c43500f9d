"""curvegan bulk on a real Ray cluster of several nodes on this machine."""

import os
import signal
import time
from pathlib import Path

import pytest

from curvegan.command.ray_cluster import connected
from curvegan.errors import CurveganError
from curvegan.generate.bulk import on_ray
from curvegan.generate.bulk.curve_set import CurveSet
from curvegan.generate.bulk.jobs import Making
from curvegan.generate.bulk.place import Place
from curvegan.repository.repository import Repository
from tests.curvegan.command.ray_nodes import processes, started_by_hand
from tests.curvegan.generate.bulk.command import (
    N_SCATTERED,
    SCATTERED,
    bulk,
    files,
    start,
    wait_for_parts,
)
from tests.project.test_elsewhere import ELSEWHERE, ROOT, run_elsewhere
from tests.support.commands import error_line, run_command, try_command

import ray  # isort: skip  (after ray_nodes, which sees to its reports)
from ray.cluster_utils import Cluster  # isort: skip

pytestmark = [pytest.mark.timeout(300), pytest.mark.cluster]


@pytest.fixture(scope="module")
def undisturbed(published: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The set that one machine makes."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    bulk(published, out, "--seeds", SCATTERED)
    return files(out)


def tasks() -> list[int]:
    """Returns the process ids of tasks that run."""
    return processes("attempt")


@pytest.mark.usefixtures("nodes")
def test_a_cluster_makes_the_same_bytes_as_one_machine(
    cluster: Cluster, published: Path, tmp_path: Path, undisturbed
):
    printed = bulk(published, tmp_path / "out", "--seeds", SCATTERED, "--ray", cluster.address)
    assert printed == f"{tmp_path / 'out'} holds {N_SCATTERED} curves of model version 1\n"
    assert files(tmp_path / "out") == undisturbed
    checking = ("bulk", "--check", "out", "--models", str(published), "--ray", cluster.address)
    done = run_command("curvegan", *checking, cwd=tmp_path)
    assert done.stdout == f"out is whole: {N_SCATTERED} curves of model version 1\n"


def test_a_node_and_a_worker_are_lost_in_the_middle(
    cluster: Cluster, nodes: list[object], published: Path, tmp_path: Path, undisturbed
):
    out = tmp_path / "out"
    options = ("--seeds", SCATTERED, "--ray", cluster.address)
    with start(published, "out", *options, cwd=tmp_path) as command:
        wait_for_parts(command, out, 1)
        cluster.remove_node(nodes[0], allow_graceful=False)
        wait_for_parts(command, out, 4)
        for task in tasks():
            os.kill(task, signal.SIGKILL)
        stdout, stderr = command.communicate()
    # Ray itself tells of the node before.
    last = stdout.splitlines()[-1]
    assert last.startswith(f"out holds {N_SCATTERED} curves of model version 1"), stderr
    assert files(out) == undisturbed


@pytest.mark.usefixtures("nodes")
def test_after_the_command_was_killed_one_machine_goes_on(
    cluster: Cluster, published: Path, tmp_path: Path, undisturbed
):
    options = ("--seeds", SCATTERED, "--ray", cluster.address)
    with start(published, "out", *options, cwd=tmp_path) as command:
        wait_for_parts(command, tmp_path / "out", 2)
        command.kill()
    bulk(published, tmp_path / "out", "--seeds", SCATTERED)
    while tasks():
        time.sleep(0.05)
    bulk(published, tmp_path / "out", "--seeds", SCATTERED)
    assert files(tmp_path / "out") == undisturbed


@pytest.mark.usefixtures("nodes")
def test_ctrl_c_says_what_is_kept_and_ends_the_tasks(
    cluster: Cluster, published: Path, tmp_path: Path
):
    options = ("--seeds", f"0-{2**40}", "--ray", cluster.address)
    with start(published, "out", *options, cwd=tmp_path) as command:
        wait_for_parts(command, tmp_path / "out", 1)
        command.send_signal(signal.SIGINT)
        stdout, stderr = command.communicate()
    assert (command.returncode, stdout) == (128 + signal.SIGINT, "")
    assert stderr.startswith("interrupted; ")
    assert stderr.count("\n") == 1
    while tasks():
        time.sleep(0.05)


def test_a_node_without_the_package_is_one_line(cluster: Cluster, published: Path, tmp_path: Path):
    without = {"PYTHONPATH": f"{ELSEWHERE}:{ROOT}", "WITHOUT": "curvegan"}
    node = cluster.add_node(num_cpus=1, env_vars=without)
    try:
        options = ("--models", str(published), "--seeds", "1", "--ray", cluster.address)
        done = try_command("curvegan", "bulk", *options, "--out", "out", cwd=tmp_path)
    finally:
        cluster.remove_node(node)
    assert "install 'curvegan[scale]' on each of the cluster's machines" in error_line(done)


@pytest.mark.usefixtures("nodes")
def test_a_cluster_that_is_taken_is_said_to_be(
    cluster: Cluster, repository: Repository, tmp_path: Path
):
    model = repository.load(1)
    curve_set = CurveSet.of(model, "1", (), "parquet")
    job = Making(Place(str(tmp_path)), curve_set, model)
    with connected(cluster.address):
        sleeper = ray.remote(num_cpus=1)(lambda: time.sleep(1000))
        busy = [sleeper.remote() for _ in range(2)]
        time.sleep(3)
        with pytest.raises(CurveganError) as raised:
            list(on_ray.run_on_ray(job, curve_set.parts(), None, patience=1))
        for one in busy:
            ray.cancel(one, force=True)
    assert str(raised.value) == (
        "the cluster has done nothing in 1 seconds: 0 of its 2 CPUs are free; is it taken by "
        "other jobs?"
    )


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1:9", "nothing answers at 127.0.0.1:9 ("),
        ("ray://127.0.0.1:9", "nothing answers at ray://127.0.0.1:9 ("),
        ("head", "'head' is not a Ray cluster's address: give host:port, ray://host:port or auto"),
    ],
)
def test_a_wrong_address_is_one_line(published: Path, tmp_path: Path, address: str, expected: str):
    options = ("--models", str(published), "--seeds", "1", "--out", "out", "--ray", address)
    done = try_command("curvegan", "bulk", *options, cwd=tmp_path)
    assert error_line(done).startswith(f"error: {expected}")
    assert not list(tmp_path.iterdir())


def test_without_ray_it_says_what_to_install(published: Path, tmp_path: Path):
    command = ("-m", "curvegan", "bulk", "--models", str(published), "--seeds", "1")
    options = ("--out", "out", "--ray", "auto")
    done = run_elsewhere(*command, *options, cwd=tmp_path, without=["ray"])
    assert error_line(done).endswith(": pip install 'curvegan[scale]'")


def test_a_cluster_that_wants_a_token_is_told_by_the_error_and_takes_it(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As `ray start` sets it up where there is a token."""
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0123456789abcdef" * 4)
    options = ("--models", str(published), "--seeds", "0-99", "--out", "out")
    with started_by_hand(RAY_AUTH_MODE="token") as address:
        done = try_command("curvegan", "bulk", *options, "--ray", address, cwd=tmp_path)
        line = done.stderr.splitlines()[-1]  # Ray itself writes others.
        assert line.startswith(f"error: can't connect to Ray at {address}: ")
        assert line.endswith("set RAY_AUTH_MODE=token")
        monkeypatch.setenv("RAY_AUTH_MODE", "token")
        run_command("curvegan", "bulk", *options, "--ray", address, cwd=tmp_path)
