"""A curve server as a process of its own, for as long as it is needed."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from curvegan.errors import ServerError


@dataclass(frozen=True)
class RunningServer:
    """A server that is ready: its process, and where it answers gRPC and HTTP, as host:port or
    unix:path; None where HTTP is off."""

    process: subprocess.Popen[str]
    address: str
    http: str | None


@contextmanager
def running_server(models: Path, *options: str) -> Iterator[RunningServer]:
    """Starts `python -m serve` on free ports, with `options`, waits until it is ready, and ends it
    afterwards.

    Raises ServerError if it ends before it is ready; why, it says on standard error.
    """
    command = [sys.executable, "-m", "serve", "--models", str(models), *options]
    # By the environment, so that an option goes before.
    ports = {"CURVEGAN_LISTEN": "127.0.0.1:0", "CURVEGAN_HTTP": "127.0.0.1:0"}
    with subprocess.Popen(
        command, env=os.environ | ports, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            ready = process.stdout.readline()
            if not ready:
                raise ServerError(f"the server did not start: exit code {process.wait()}")
            where = re.fullmatch(r".*: gRPC on (.+?)(?:, HTTP on (.+))?\n", ready)
            assert where is not None, ready
            yield RunningServer(process, where[1], where[2])
        finally:
            process.terminate()
