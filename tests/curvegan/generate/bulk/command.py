"""Runs `curvegan bulk` as users do, and finds its processes."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.support.commands import is_running, run_command, try_command

# Unbroken ranges, each of which is a part of its own: a dozen files in a second.
SCATTERED = ",".join(f"{first}-{first + 49_999}" for first in range(0, 1_200_000, 100_000))
N_SCATTERED = 12 * 50_000


def bulk(models: Path, out: Path, *arguments: str) -> str:
    """Makes a set; fails the test if that fails. Returns what was printed."""
    command = ("bulk", "--models", str(models), "--out", str(out), *arguments)
    return run_command("curvegan", *command, cwd=out.parent).stdout


def check(out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Checks a set."""
    return try_command("curvegan", "bulk", "--check", out.name, *arguments, cwd=out.parent)


def start(
    models: Path, out: Path | str, *arguments: str, cwd: Path, program: str = ""
) -> subprocess.Popen[str]:
    """Starts to make a set with two workers, as a process group of its own, as a shell would.
    `program` is a Python program that runs the command."""
    return subprocess.Popen(
        [sys.executable, *(("-c", program) if program else ("-m", "curvegan")), "bulk",
         "--models", str(models), "--out", str(out), "--workers", "2", *arguments],
        cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def workers(command: subprocess.Popen[str]) -> list[int]:
    """Returns the process ids of a command's workers that run."""
    try:
        children = Path(f"/proc/{command.pid}/task/{command.pid}/children").read_text()
        return [
            child
            for child in map(int, children.split())
            if is_running(child) and b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return []


def kill_workers(command: subprocess.Popen[str]) -> None:
    """Kills those of a command's workers that still run."""
    for worker in workers(command):
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)


def files(out: Path) -> dict[str, bytes]:
    """Returns the files of a set, with those that are written aside."""
    return {path.name: path.read_bytes() for path in out.iterdir() if path.name != ".lock"}


def wait_for_parts(command: subprocess.Popen[str], out: Path, n: int) -> None:
    """Waits until there are `n` parts. Fails the test if the command ends before."""
    while len(list(out.glob("seeds_*"))) < n:
        assert command.poll() is None, command.communicate()
        time.sleep(0.005)
