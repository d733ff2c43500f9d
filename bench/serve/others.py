"""The servers beside which ours is measured: grpcio that only answers, and MLServer."""

import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc

from bench.environment import environment
from serve.errors import CurveganError
from serve.protocol.inference import inference_pb2

HERE = Path(__file__).parent


@contextmanager
def canned(answers: Path, threads: int) -> Iterator[str]:
    """Runs `bench.serve.canned`; yields its address."""
    command = [sys.executable, "-m", "bench.serve.canned", str(answers), str(threads)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@contextmanager
def mlserver(models: Path, version: int) -> Iterator[str]:
    """Runs MLServer on the sampler's file. Raises InstallationError if it can't be had."""
    binaries = environment("mlserver", HERE / "mlserver" / "requirements.txt")
    port = _free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "onnx_model.py").write_bytes((HERE / "mlserver" / "onnx_model.py").read_bytes())
        onnx = (models / "sampler" / str(version) / "model.onnx").absolute()
        (folder / "model-settings.json").write_text(
            json.dumps(
                {
                    "name": "sampler",
                    "implementation": "onnx_model.OnnxModel",
                    "parameters": {"uri": str(onnx)},
                }
            )
        )
        (folder / "settings.json").write_text(
            json.dumps(
                {
                    "host": "127.0.0.1",
                    "grpc_port": port,
                    "http_port": _free_port(),
                    "metrics_port": _free_port(),
                    "parallel_workers": 0,
                    "debug": False,
                }
            )
        )
        with subprocess.Popen(
            [binaries / "mlserver", "start", folder],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                _await_model(f"127.0.0.1:{port}")
                yield f"127.0.0.1:{port}"
            finally:
                process.terminate()


def _await_model(address: str) -> None:
    ready = inference_pb2.ModelReadyRequest(name="sampler").SerializeToString()
    with grpc.insecure_channel(address) as channel:
        ask: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/inference.GRPCInferenceService/ModelReady"
        )
        for _ in range(300):
            with contextlib.suppress(grpc.RpcError):
                if inference_pb2.ModelReadyResponse.FromString(ask(ready, timeout=5)).ready:
                    return
            time.sleep(0.1)
    raise CurveganError("MLServer did not become ready within 30 s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
