"""What the tests share: a published model, a running server, and what a skip means in CI."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from curvegan import CurveClient
from curvegan.engine import Engine
from curvegan.repository.repository import Repository
from serve.running import RunningServer, running_server
from tests.support.commands import run_command

# The only reasons for which a test may be skipped in CI.
EXCUSES = ("no CUDA device", "this machine has no IPv6", "no cgroup v2 of our own")

# Who runs the tests in the background has Ctrl-C ignored, as have all processes that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Everywhere: no deadline, for a slow machine is no mistake of ours; the same examples each time.
hypothesis.settings.load_profile("ci")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[-1])
        if not any(excuse in reason for excuse in EXCUSES):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped, which CI does not allow: {reason}"
    return report


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `models`, version 1 in it, and `runs`, from a training of a few steps."""
    folder = tmp_path_factory.mktemp("trained")
    run_command("train", "--steps", "120", cwd=folder)
    return folder


@pytest.fixture(scope="session")
def published(trained: Path) -> Path:
    """A model repository with version 1; not to be changed."""
    return trained / "models"


@pytest.fixture
def models(published: Path, tmp_path: Path) -> Path:
    """A copy of `published` that a test may change."""
    return shutil.copytree(published, tmp_path / "models")


@pytest.fixture(scope="session")
def server(published: Path) -> Iterator[RunningServer]:
    """A server of version 1, as a process of its own."""
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
