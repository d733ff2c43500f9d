"""Runs the project's commands as users do, in processes of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

from serve.process import RunningServer


def run_command(
    module: str, *arguments: str, cwd: Path, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Runs `python -m module` in the folder `cwd`; fails the test if it fails."""
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


def workers_of(server: RunningServer) -> list[int]:
    """Returns the process ids of a server's workers."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in children.split()]


def error_line(done: subprocess.CompletedProcess[str]) -> str:
    """Returns the error that a command ended with: one line, no traceback, exit code 1 or 2.

    Only the progress of a training may stand before it.
    """
    *progress, error = done.stderr.splitlines() or [""]
    if done.returncode not in (1, 2) or not error.startswith("error: "):
        pytest.fail(f"exit code {done.returncode}, standard error: {done.stderr}")
    assert all(line.startswith("step ") for line in progress), done.stderr
    return error
