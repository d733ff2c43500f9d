"""python -m bench.serve [--models DIR]: requests and curves a second, side by side."""

import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

import grpc
import numpy as np

from bench.environment import InstallationError, environment
from bench.serve.load import Load, Rate, apply, need_h2load
from bench.timing import print_table
from curvegan.v1 import curves_pb2
from serve.command_line import Count, make_app, run
from serve.engine import Engine
from serve.errors import CurveganError
from serve.process import running_server
from serve.protocol.inference import inference_pb2
from serve.repository import DEFAULT_MODELS, Repository

HERE = Path(__file__).parent
CURVES = "curvegan.v1.CurveService/GenerateCurves"
STREAM = "curvegan.v1.CurveService/StreamCurves"
INFER = "inference.GRPCInferenceService/ModelInfer"

Call: TypeAlias = "grpc.UnaryUnaryMultiCallable[bytes, bytes]"

app = make_app("python -m bench.serve", "Time the server beside grpcio alone and MLServer.")


@app.default
def main(*, models: Path = DEFAULT_MODELS, rounds: Count = 5, seconds: Count = 4) -> None:
    """Time the server beside grpcio alone and MLServer.

    Parameters
    ----------
    models
        The model repository; its newest version is served.
    rounds
        Turns that each server takes; the table shows medians.
    seconds
        How long a turn lasts.
    """
    repository = Repository(models)
    model = repository.load(repository.newest())
    need_h2load()
    loads = _loads(Engine.of(model))
    with ExitStack() as stack:
        ours = stack.enter_context(running_server(models)).address
        answers = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name, load in loads.items():
            (answers / _file(name)).write_bytes(_checked_answer(load, ours))
        candidates: dict[str, Callable[[str, Load], tuple[str, Load] | None]] = {
            "curvegan": lambda _, load: (ours, load)
        }
        for label, threads in (("grpcio, canned bytes, aio", 0), ("the same, one thread", 1)):
            address = stack.enter_context(canned(answers, threads))
            candidates[label] = partial(_canned_turn, address)
        try:
            mlserver = stack.enter_context(_mlserver(repository.root, repository.newest()))
            candidates["MLServer"] = lambda _, load: (
                (mlserver, load) if load.method == INFER and load.rows == 1 else None
            )
        except InstallationError as problem:
            print(f"without MLServer: {problem}")
        for name, load in loads.items():
            turns = {label: turn(name, load) for label, turn in candidates.items()}
            present = {label: turn for label, turn in turns.items() if turn}
            _print(name, load, _interleaved(present, rounds, seconds))
        _print_stream(models, seconds, rounds)


def _loads(engine: Engine) -> dict[str, Load]:
    rng = np.random.default_rng(0)
    seeds = rng.integers(-(2**63), 2**63, 1000, np.int64)
    noise = rng.standard_normal((1000, engine.n_noise), np.float32)

    def by_seeds(rows: int) -> bytes:
        source = curves_pb2.CurveSource(seeds=curves_pb2.SeedList(values=seeds[:rows]))
        return curves_pb2.GenerateCurvesRequest(source=source).SerializeToString()

    by_noise = curves_pb2.GenerateCurvesRequest(
        source=curves_pb2.CurveSource(
            noise=curves_pb2.NoiseRows(values=noise.ravel(), width=engine.n_noise)
        )
    ).SerializeToString()
    tensor = inference_pb2.ModelInferRequest.InferInputTensor(
        name="seeds", datatype="INT64", shape=[1]
    )
    infer = inference_pb2.ModelInferRequest(
        model_name="sampler", inputs=[tensor], raw_input_contents=[seeds[:1].tobytes()]
    ).SerializeToString()
    return {
        "one seed, 8 calls at once": Load(CURVES, by_seeds(1), 8, 1),
        "one seed, one call at a time": Load(CURVES, by_seeds(1), 1, 1),
        "1,000 seeds, 8 calls at once": Load(CURVES, by_seeds(1000), 8, 1000),
        "1,000 rows of noise, 8 calls at once": Load(CURVES, by_noise, 8, 1000),
        "one seed by ModelInfer, 8 calls at once": Load(INFER, infer, 8, 1),
    }


def _interleaved(
    turns: dict[str, tuple[str, Load]], rounds: int, seconds: int
) -> dict[str, list[Rate]]:
    rates: dict[str, list[Rate]] = {label: [] for label in turns}
    for address, load in turns.values():
        apply(load, address, 1)
    for _ in range(rounds):
        for label, (address, load) in turns.items():
            rates[label].append(apply(load, address, seconds))
    return rates


def _print(name: str, load: Load, rates: dict[str, list[Rate]]) -> None:
    medians = {
        label: np.median([(rate.per_second, rate.p50, rate.p99) for rate in found], axis=0)
        for label, found in rates.items()
    }
    limit = medians["grpcio, canned bytes, aio"][0]
    print_table(
        name,
        ("server", "calls/s", "million curves/s", "of canned aio", "p50 ms", "p99 ms"),
        [
            (
                label,
                f"{per_second:,.0f}",
                f"{per_second * load.rows / 1e6:.3f}",
                f"{per_second / limit:.2f}",
                f"{p50:.2f}",
                f"{p99:.2f}",
            )
            for label, (per_second, p50, p99) in medians.items()
        ],
    )


def _print_stream(models: Path, seconds: int, rounds: int) -> None:
    """Prints what one core of the server streams: curves by the processor time that it took."""
    count = 100_000
    source = curves_pb2.CurveSource(range=curves_pb2.SeedRange(first=0, count=count))
    request = curves_pb2.StreamCurvesRequest(source=source).SerializeToString()
    load = Load(STREAM, request, 1, count)
    with running_server(models) as server:
        apply(load, server.address, 1)
        found = []
        for _ in range(rounds):
            before = _processor_seconds(server.process.pid)
            rate = apply(load, server.address, seconds)
            used = _processor_seconds(server.process.pid) - before
            found.append((rate.per_second * count, rate.per_second * count * seconds / used))
    by_clock, by_processor = np.median(found, axis=0) / 1e6
    print_table(
        f"A stream of {count:,} seeds, one at a time",
        ("", "million curves/s"),
        [
            ("by the clock", f"{by_clock:.2f}"),
            ("by a second of the server's processor time", f"{by_processor:.2f}"),
        ],
    )


def _processor_seconds(pid: int) -> float:
    """Returns the processor time of a process's children so far."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ticks = 0
    for child in children:
        # The name may hold blanks; what follows it does not.
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / 100


def _file(name: str) -> str:
    return "".join(letter for letter in name if letter.isalnum())


def _canned_turn(address: str, name: str, load: Load) -> tuple[str, Load]:
    return address, replace(load, method=f"canned/{_file(name)}")


def _checked_answer(load: Load, address: str) -> bytes:
    """Returns the answer to a call, which fails unless it is a good one."""
    with grpc.insecure_channel(address) as channel:
        call: Call = channel.unary_unary(f"/{load.method}")
        return call(load.request, timeout=30)


@contextmanager
def canned(answers: Path, threads: int) -> Iterator[str]:
    """Runs `bench.serve.canned`; yields its address."""
    port = _free_port()
    command = [sys.executable, "-m", "bench.serve.canned", str(answers), str(port), str(threads)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


@contextmanager
def _mlserver(models: Path, version: int) -> Iterator[str]:
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
        ask: Call = channel.unary_unary("/inference.GRPCInferenceService/ModelReady")
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


if __name__ == "__main__":
    run(app)
