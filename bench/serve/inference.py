"""ModelInfer under perf_analyzer: ours beside a plain server, Triton and MLServer, in turns."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import astuple
from pathlib import Path

import numpy as np

from bench.serve.others import triton
from bench.serve.perf_analyzer import Figures, InferLoad, measure
from bench.serve.servers import Server, curvegan, plain
from bench.timing import print_table
from serve.engine import Engine
from serve.errors import CurveganError
from serve.repository import ONNX, Repository

_PLAIN = "plain server"
# Rows of a call, and how many calls are in flight.
_LOADS = ((1, 1), (1, 8), (1000, 8))


def compare_inference(repository: Repository, rounds: int, seconds: int) -> None:
    """Prints a table for each model: medians over `rounds` turns of about so many seconds."""
    version = repository.newest()
    n_noise = Engine.of(repository.load(version)).n_noise
    with ExitStack() as stack:
        servers = {
            "curvegan": stack.enter_context(curvegan(repository.root)),
            **other_servers(stack, onnx_files(repository, version)),
        }
        for model, tensor, row in (("generator", "noise", (n_noise,)), ("sampler", "seeds", ())):
            loads = [InferLoad(model, tensor, (rows, *row), at_once) for rows, at_once in _LOADS]
            rows = [line for load in loads for line in _lines(load, servers, rounds, seconds)]
            print_table(
                f"{model} under perf_analyzer: rows of a call x calls at once",
                ("load", "server", "calls/s", "of plain", "p50 ms", "p99 ms", "processor µs"),
                rows,
                labels=2,
            )


def onnx_files(repository: Repository, version: int) -> dict[str, Path]:
    """Returns the ONNX file of each model."""
    return {
        name: (repository.root / name / str(version) / ONNX).absolute()
        for name in ("generator", "sampler")
    }


def other_servers(stack: ExitStack, files: Mapping[str, Path]) -> dict[str, Server]:
    """Starts the servers beside which ours is measured; those that can't be had are left out."""
    start: dict[str, Callable[[Mapping[str, Path]], AbstractContextManager[Server]]] = {
        _PLAIN: plain,
        "Triton": triton,
    }
    servers = {}
    for name, server in start.items():
        try:
            servers[name] = stack.enter_context(server(files))
        except CurveganError as problem:
            print(f"without {name}: {problem}")
    return servers


def _lines(
    load: InferLoad, servers: Mapping[str, Server], rounds: int, seconds: int
) -> list[tuple[str, ...]]:
    """Returns the table's lines of a load, one for each server."""
    found: dict[str, list[Figures]] = {name: [] for name in servers}
    for server in servers.values():
        measure(load, server, 1)
    for _ in range(rounds):
        for name, server in servers.items():
            found[name].append(measure(load, server, seconds))
    medians = {
        name: Figures(*np.median([astuple(figures) for figures in turns], axis=0))
        for name, turns in found.items()
    }
    return [
        (
            "" if number else f"{load.shape[0]:,} x {load.at_once}",
            name,
            f"{figures.per_second:,.0f}",
            f"{figures.per_second / medians[_PLAIN].per_second:.2f}",
            f"{figures.p50:.2f}",
            f"{figures.p99:.2f}",
            f"{figures.processor:,.0f}",
        )
        for number, (name, figures) in enumerate(medians.items())
    ]
