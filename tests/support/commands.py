"""Runs the project's commands in subprocesses, like users do."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from serve.running import RunningServer


def run_command(
    module: str, *arguments: str, cwd: Path, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Runs `python -m module` in the folder `cwd`. Fails the test if the command fails."""
    done = try_command(module, *arguments, cwd=cwd, timeout=timeout)
    assert done.returncode == 0, done.stderr
    return done


def try_command(
    module: str, *arguments: str, cwd: Path, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Runs `python -m module` in the folder `cwd`."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@dataclass(frozen=True)
class Ports:
    """Where a server answers, each as :port, or "" without one; and the line that says so."""

    grpc: str = ""
    http: str = ""
    said: str = ""


@contextmanager
def serving(
    command: list[str], environment: Mapping[str, str], cwd: Path | None = None
) -> Iterator[Ports]:
    """Runs a server with this command line and exactly this environment. Waits until it is ready.
    Fails the test if its exit code is not 0."""
    with subprocess.Popen(
        command, env=environment, cwd=cwd, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            yield Ports(*re.findall(r" on [^,:\s]+(:\d+)", said), said=said)
        finally:
            process.terminate()
    assert process.returncode == 0


def is_running(pid: int) -> bool:
    """Returns whether a process exists and is not a zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
        threads = len(list(Path(f"/proc/{pid}/task").iterdir()))
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z" or threads > 1


def workers_of(server: RunningServer) -> list[int]:
    """Returns the process ids of a server's workers that run.

    One that was killed stays among the children, as a zombie, until the supervisor has seen it.
    """
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [child for child in map(int, children.split()) if is_running(child)]


def error_line(done: subprocess.CompletedProcess[str]) -> str:
    """Returns the one-line error of a command. Fails the test if it printed anything else, except
    for the progress of a training, or if the exit code is not 1 or 2."""
    *progress, error = done.stderr.splitlines() or [""]
    if done.returncode not in (1, 2) or not error.startswith("error: "):
        pytest.fail(f"exit code {done.returncode}, standard error: {done.stderr}")
    assert all(line.startswith("step ") for line in progress), done.stderr
    return error
