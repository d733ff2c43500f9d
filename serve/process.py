"""A curve server as a process of its own, for as long as it is needed."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from serve.errors import ServerError


@dataclass(frozen=True)
class RunningServer:
    """A server that is ready: its process, and where it answers gRPC and HTTP, as host:port."""

    process: subprocess.Popen[str]
    address: str
    http: str


@contextmanager
def running_server(models: Path, *options: str) -> Iterator[RunningServer]:
    """Starts `python -m serve` on free ports, with `options`, waits until it is ready, and ends it
    afterwards.

    Raises ServerError if it ends before it is ready; why, it says on standard error.
    """
    ports = ["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"]
    command = [sys.executable, "-m", "serve", "--models", str(models), *ports, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            ready = process.stdout.readline()
            if not ready:
                raise ServerError(f"the server did not start: exit code {process.wait()}")
            addresses = re.findall(r"(?:gRPC|HTTP) on ([^,\s]+)", ready)
            yield RunningServer(process, *addresses)
        finally:
            process.terminate()
