"""Triton and MLServer, each in its own virtual environment."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import grpc

from bench.environment import InstallationError, environment
from bench.serve.servers.ours import Server
from bench.serve.servers.plain import Model
from curvegan.errors import CurveganError
from curvegan.repository.repository import ONNX
from serve.inference import inference_pb2

# Runs a server for ONNX files, by model name.
Start: TypeAlias = Callable[[Mapping[str, Path]], AbstractContextManager[Server]]

HERE = Path(__file__).parent


@contextmanager
def triton(files: Mapping[str, Path], *, joins_calls: bool) -> Iterator[Server]:
    """Runs Triton for ONNX files.

    The rows of a call are its batch, which makes Triton faster. `joins_calls` enables its dynamic
    batcher. Raises InstallationError or CurveganError if it can't be installed or started.
    """
    with tempfile.TemporaryDirectory() as name:
        repository = Path(name)
        for model, onnx in files.items():
            version = repository / model / "1"
            version.mkdir(parents=True)
            shutil.copy(onnx, version / ONNX)
            (version.parent / "config.pbtxt").write_text(
                _config(Model(model, str(onnx)).config(), joins_calls=joins_calls)
            )
        with tritonserver(repository) as server:
            yield replace(server, batches=True)


@contextmanager
def tritonserver(repository: Path, *options: str) -> Iterator[Server]:
    """Runs Triton's C++ server for a model repository, with onnxruntime in its Python backend.

    Raises InstallationError or CurveganError if it can't be installed or started.
    """
    binaries = environment("triton", HERE / "triton" / "requirements.txt")
    [packages] = binaries.parent.glob("lib/python*/site-packages")
    home = packages / "pytriton" / "tritonserver"
    python = "{}.{}".format(*sys.version_info)
    stub = home / "python_backend_stubs" / python / "triton_python_backend_stub"
    if not stub.exists():
        raise InstallationError(f"Triton's wheel has no backend for Python {python}")
    address = f"127.0.0.1:{_free_port()}"
    http = f"127.0.0.1:{_free_port()}"
    with tempfile.TemporaryDirectory() as name:
        backends = Path(name, "backends")
        shutil.copytree(home / "backends", backends)
        shutil.copy(stub, backends / "python")
        (backends / "onnxruntime").mkdir()
        shutil.copy(HERE / "triton" / "model.py", backends / "onnxruntime")
        command: list[str | Path] = [
            home / "bin" / "tritonserver",
            f"--model-repository={repository}",
            f"--backend-directory={backends}",
            f"--cache-directory={home / 'caches'}",
            *_listen("grpc", address),
            *_listen("http", http),
            "--allow-metrics=false",
            *options,
        ]
        # The backend uses the first python3 in PATH, and is linked to libpython.
        libraries = (packages / "nvidia_pytriton.libs", sysconfig.get_config_var("LIBDIR"))
        settings = {
            "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
            "PATH": f"{binaries}:/usr/bin:/bin",
        }
        models = [folder.name for folder in repository.iterdir() if folder.is_dir()]
        with _started(command, address, models, Path(name, "log"), **settings) as pid:
            yield Server(address, pid, http)


@contextmanager
def mlserver(files: Mapping[str, Path]) -> Iterator[Server]:
    """Runs MLServer, in one process, for ONNX files.

    Raises InstallationError or CurveganError if it can't be installed or started.
    """
    binaries = environment("mlserver", HERE / "mlserver" / "requirements.txt")
    port = _free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for model, onnx in files.items():
            (folder / model).mkdir()
            described = Model(model, str(onnx))
            metadata = described.metadata()
            model_settings = {
                "name": model,
                "implementation": "onnx_model.OnnxModel",
                "parameters": {"uri": str(onnx)},
                "inputs": list(map(_described, metadata.inputs)),
                "outputs": list(map(_described, metadata.outputs)),
            }
            (folder / model / "model-settings.json").write_text(json.dumps(model_settings))
            config = inference_pb2.ModelConfigResponse(config=described.config())
            (folder / model / "ModelConfig").write_bytes(config.SerializeToString())
            statistics = inference_pb2.ModelStatisticsResponse(
                model_stats=[inference_pb2.ModelStatistics(name=model)]
            )
            (folder / model / "ModelStatistics").write_bytes(statistics.SerializeToString())
        settings = {
            "host": "127.0.0.1",
            "grpc_port": port,
            "http_port": _free_port(),
            "metrics_port": _free_port(),
            "parallel_workers": 0,
            "debug": False,
        }
        (folder / "settings.json").write_text(json.dumps(settings))
        command: list[str | Path] = [
            binaries / "python",
            HERE / "mlserver" / "start.py",
            "start",
            folder,
        ]
        address = f"127.0.0.1:{port}"
        with _started(command, address, list(files), folder / "log") as pid:
            yield Server(address, pid)


# By name in the tables.
OTHERS: dict[str, Start] = {
    "Triton": partial(triton, joins_calls=False),
    "Triton, dynamic batching": partial(triton, joins_calls=True),
    "MLServer": mlserver,
}


def start_others(
    stack: ExitStack, others: Mapping[str, Start], files: Mapping[str, Path]
) -> dict[str, Server]:
    """Starts servers for ONNX files; `stack` ends them.

    Skips a server that can't be installed or started, and prints the reason.
    """
    servers = {}
    for name, start in others.items():
        try:
            servers[name] = stack.enter_context(start(files))
        except CurveganError as problem:
            print(f"skipped {name}: {problem}")
    return servers


def _described(tensor: inference_pb2.ModelMetadataResponse.TensorMetadata) -> dict[str, Any]:
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}


def _listen(kind: str, address: str) -> tuple[str, str]:
    host, _, port = address.rpartition(":")
    return f"--{kind}-address={host}", f"--{kind}-port={port}"


def _config(model: inference_pb2.ModelConfig, *, joins_calls: bool) -> str:
    """Returns the config.pbtxt of a model, with the rows as Triton's batch dimension."""

    def described(kind: str, tensor: Any) -> str:
        datatype = inference_pb2.DataType.Name(tensor.data_type)
        # Triton needs a dimension besides the batch, so requests have the shape [rows, 1].
        shape = list(tensor.dims[1:]) or "[1] reshape {shape: []}"
        return f'{kind} [{{name: "{tensor.name}" data_type: {datatype} dims: {shape}}}]'

    tensors = [described("input", tensor) for tensor in model.input]
    tensors += [described("output", tensor) for tensor in model.output]
    return "\n".join(
        (
            f'name: "{model.name}"',
            'backend: "onnxruntime"',
            "max_batch_size: 4096",
            *(("dynamic_batching {}",) if joins_calls else ()),
            "instance_group [{kind: KIND_CPU}]",
            *tensors,
        )
    )


@contextmanager
def _started(
    command: Sequence[str | Path], address: str, models: Sequence[str], log: Path, **settings: str
) -> Iterator[int]:
    """Runs a server and waits until `models` are ready. Yields its process id.

    `settings` are environment variables; the output goes to the file `log`. Raises CurveganError if
    it is not ready within a minute.
    """
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, env=os.environ | settings, stdout=output, stderr=subprocess.STDOUT
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
    raise CurveganError(f"it did not become ready: {last[-300:]}")


def _free_port() -> int:
    """Returns a port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
