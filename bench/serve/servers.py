"""The servers that are measured, but for those of others: ours, a plain one, and canned bytes."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from serve.errors import CurveganError
from serve.process import running_server
from serve.protocol.inference import inference_pb2
from serve.repository import ONNX, Repository


@dataclass(frozen=True)
class Server:
    """A server that is ready: where it answers gRPC and, if it does, HTTP; and its first process.

    `batches` says that it puts calls together, so that its models take rows of a fixed shape.
    """

    address: str
    pid: int
    http: str | None = None
    batches: bool = False


@contextmanager
def curvegan(models: Path) -> Iterator[Server]:
    """Runs ours with one worker on a model repository."""
    with running_server(models) as running:
        yield Server(running.address, running.process.pid, running.http)


@contextmanager
def plain(files: Mapping[str, Path]) -> Iterator[Server]:
    """Runs `bench.serve.plain_server` on ONNX files, each by its model's name."""
    given = [f"{name}={path}" for name, path in files.items()]
    with _python_server("bench.serve.plain_server", *given) as server:
        yield server


@contextmanager
def canned(answers: Path, threads: int) -> Iterator[Server]:
    """Runs `bench.serve.canned` on a folder of answers."""
    with _python_server("bench.serve.canned", str(answers), str(threads)) as server:
        yield server


@contextmanager
def _python_server(module: str, *arguments: str) -> Iterator[Server]:
    """Runs a module whose first line says its address."""
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


@contextmanager
def started(
    command: Sequence[str | Path], address: str, models: Sequence[str], log: Path, **settings: str
) -> Iterator[int]:
    """Runs a server of others, waits until it answers for `models`, and ends it afterwards.

    Yields its process. `settings` go into its environment, what it says into the file `log`.
    Raises CurveganError if it does not become ready within 60 s.
    """
    with (
        log.open("wb") as said,
        subprocess.Popen(
            command, env=os.environ | settings, stdout=said, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            _await_models(address, models, process, log)
            yield process.pid
        finally:
            process.terminate()


def _await_models(
    address: str, models: Sequence[str], process: subprocess.Popen[bytes], log: Path
) -> None:
    with grpc.insecure_channel(address) as channel:
        ask: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/inference.GRPCInferenceService/ModelReady"
        )

        def is_ready(model: str) -> bool:
            request = inference_pb2.ModelReadyRequest(name=model).SerializeToString()
            with contextlib.suppress(grpc.RpcError):
                return inference_pb2.ModelReadyResponse.FromString(ask(request, timeout=5)).ready
            return False

        end = time.monotonic() + 60
        while time.monotonic() < end and process.poll() is None:
            if all(map(is_ready, models)):
                return
            time.sleep(0.1)
    last = log.read_text(errors="replace").strip().rpartition("\n")[2]
    raise CurveganError(f"it did not become ready within a minute; its last words: {last[-300:]}")


def free_port() -> int:
    """Returns a port of 127.0.0.1 that nothing listened to a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
