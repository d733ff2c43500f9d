"""Runs a server as a subprocess, for programs and tests that need one for a while."""

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
    """A server that is ready.

    `address` (gRPC) and `http` are host:port; `http` is None if HTTP is off.
    """

    process: subprocess.Popen[str]
    address: str
    http: str | None


@contextmanager
def running_server(models: Path, *options: str) -> Iterator[RunningServer]:
    """Starts `python -m serve` on free ports with `options`, waits until it is ready, and
    terminates it when the block ends.

    Raises ServerError if it exits before it is ready. The server prints the reason on standard
    error.
    """
    command = [sys.executable, "-m", "serve", "--models", str(models), *options]
    # In the environment, so that `options` take precedence.
    ports = {"CURVEGAN_LISTEN": "127.0.0.1:0", "CURVEGAN_HTTP": "127.0.0.1:0"}
    with subprocess.Popen(
        command, env=os.environ | ports, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            ready = process.stdout.readline()
            if not ready:
                raise ServerError(f"the server did not start: exit code {process.wait()}")
            grpc, http = (re.search(rf"{kind} on ([^,\s]+)", ready) for kind in ("gRPC", "HTTP"))
            assert grpc is not None
            yield RunningServer(process, grpc[1], http and http[1])
        finally:
            process.terminate()
