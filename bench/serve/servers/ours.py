"""Our server, the plain one and the one with canned responses."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from curvegan.errors import CurveganError
from curvegan.repository.repository import ONNX, Repository
from serve.running import running_server


@dataclass(frozen=True)
class Server:
    """A server that is ready: its addresses for gRPC and, if it has one, HTTP, and its process id.

    `batches` is whether requests have a batch dimension and at least one more.
    """

    address: str
    pid: int
    http: str | None = None
    batches: bool = False


@contextmanager
def curvegan(models: Path) -> Iterator[Server]:
    """Runs our server with one worker."""
    with running_server(models) as running:
        yield Server(running.address, running.process.pid, running.http)


@contextmanager
def plain(files: Mapping[str, Path]) -> Iterator[Server]:
    """Runs `bench.serve.servers.plain` for ONNX files, by model name."""
    given = [f"{name}={path}" for name, path in files.items()]
    with _python_server("bench.serve.servers.plain", *given) as server:
        yield server


@contextmanager
def canned(answers: Path, threads: int) -> Iterator[Server]:
    """Runs `bench.serve.servers.canned` on a folder of responses."""
    with _python_server("bench.serve.servers.canned", str(answers), str(threads)) as server:
        yield server


@contextmanager
def _python_server(module: str, *arguments: str) -> Iterator[Server]:
    """Runs a module that prints its address as the first line."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            if not address:
                raise CurveganError(f"{module} did not start: exit code {process.wait()}")
            yield Server(address, process.pid)
        finally:
            process.terminate()


def onnx_files(repository: Repository, version: int) -> dict[str, Path]:
    """Returns the ONNX file of each model."""
    return {
        name: (repository.root / name / str(version) / ONNX).absolute()
        for name in ("generator", "sampler")
    }
