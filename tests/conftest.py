"""Fixtures for all tests: a published model and a running server. In CI, skipped tests fail."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from curvegan import CurveClient
from curvegan.engine import Engine
from curvegan.files import locked
from curvegan.repository.repository import Repository
from serve.running import RunningServer, running_server
from tests.support.commands import run_command

# The only reasons for which tests may be skipped in CI.
ALLOWED_SKIPS = ("no CUDA device", "this machine has no IPv6", "no cgroup v2 of our own")

# Background jobs ignore SIGINT, and so would all processes that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadline, because machines may be slow, and the same examples each time.
hypothesis.settings.load_profile("ci")


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: a quarter of the time tests wait for something."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_runtest_setup(item: pytest.Item) -> None:
    if os.environ.get("CI"):
        return
    if item.get_closest_marker("installs"):
        pytest.skip("first installs other people's software, for minutes: CI=true runs it")
    if item.get_closest_marker("cluster"):
        pytest.skip("starts Ray, for minutes: CI=true runs it")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[-1])
        if not any(allowed in reason for allowed in ALLOWED_SKIPS):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped, which CI does not allow: {reason}"
    return report


def made_once(
    tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]
) -> Path:
    """Returns a folder that `make` has filled, by whichever of the processes asks first."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # Each process has a folder of its own there.
    folder, half = base / name, base / f"{name}.half"
    with locked(base / f"{name}.lock", wait=True):
        if not folder.exists():
            half.mkdir()
            make(half)
            half.rename(folder)
    return folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `models` (version 1) and `runs`, from a short training. Tests must not change
    it."""

    def train(folder: Path) -> None:
        run_command("train", "--steps", "120", cwd=folder)

    return made_once(tmp_path_factory, "trained", train)


@pytest.fixture
def trained_run(trained: Path, tmp_path: Path) -> Path:
    """A copy of the run of `trained` that a test may change."""
    (run,) = (trained / "runs").iterdir()
    return shutil.copytree(run, tmp_path / run.name)


@pytest.fixture(scope="session")
def published(trained: Path) -> Path:
    """A model repository with version 1. Tests must not change it."""
    return trained / "models"


@pytest.fixture
def models(published: Path, tmp_path: Path) -> Path:
    """A copy of `published` that a test may change."""
    return shutil.copytree(published, tmp_path / "models")


@pytest.fixture(scope="session")
def server(published: Path) -> Iterator[RunningServer]:
    """A server for version 1, shared by all tests."""
    with running_server(published) as running:
        yield running


@pytest.fixture
def client(server: RunningServer) -> Iterator[CurveClient]:
    with CurveClient(server.address) as connected:
        yield connected


@pytest.fixture(scope="session")
def repository(published: Path) -> Repository:
    return Repository(published)


@pytest.fixture(scope="session")
def engine(repository: Repository) -> Engine:
    return Engine.of(repository.load(1))


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a model of labelled curves, of 24 points. Tests must not change it."""
    from tests.support.labelled.days import publish_labelled  # Needs torch, which takes its time.

    made = made_once(
        tmp_path_factory, "labelled", lambda folder: publish_labelled(folder / "models")
    )
    return made / "models"


@pytest.fixture(scope="session")
def labelled_server(labelled: Path) -> Iterator[RunningServer]:
    """A server for the labelled model, shared by all tests."""
    with running_server(labelled) as running:
        yield running


@pytest.fixture(scope="session")
def labelled_engine(labelled: Path) -> Engine:
    return Engine.of(Repository(labelled).load(1))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A Ray cluster of a head without CPUs, in this process."""
    from tests.curvegan.command.ray_nodes import head  # Ray is loaded for those who use it alone.

    with head() as started:
        yield started


@pytest.fixture
def nodes(cluster: Any) -> Iterator[list[object]]:
    """Two nodes of the Ray cluster, with a CPU each."""
    from tests.curvegan.command.ray_nodes import two_nodes

    with two_nodes(cluster) as added:
        yield added
