"""ModelInfer under perf_analyzer: our server, a plain server, Triton and MLServer."""

from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial

from bench.serve.perf_analyzer import InferLoad, measure
from bench.serve.rates import interleaved
from bench.serve.servers.others import Start, start_others
from bench.serve.servers.ours import Server, curvegan, onnx_files, plain
from bench.timing import print_table
from curvegan.repository.repository import Repository

# Rows per call, and calls in flight.
_LOADS = ((1, 1), (1, 8), (1000, 8))


def compare_inference(
    repository: Repository, others: Mapping[str, Start], rounds: int, seconds: float
) -> None:
    """Prints a table per model: medians over `rounds` rounds of about `seconds`.

    Compares our server, the plain server and `others`.
    """
    version = repository.newest()
    specs = repository.load(version).description.specs
    files = onnx_files(repository, version)
    with ExitStack() as stack:
        servers = {
            "curvegan": stack.enter_context(curvegan(repository.root)),
            "plain server": stack.enter_context(plain(files)),
            **start_others(stack, others, files),
        }
        for model, spec in specs.items():
            tensor = spec.inputs[0]
            loads = [
                InferLoad(model, tensor.name, (rows, *tensor.shape[1:]), at_once)
                for rows, at_once in _LOADS
            ]
            print_table(
                f"{model} under perf_analyzer: rows of a call x calls at once",
                ("load", "server", "calls/s", "of plain", "p50 ms", "p99 ms", "processor µs"),
                [line for load in loads for line in _lines(load, servers, rounds, seconds)],
                labels=2,
            )


def _lines(
    load: InferLoad, servers: Mapping[str, Server], rounds: int, seconds: float
) -> list[tuple[str, ...]]:
    """Returns the rows of the table for a load, one per server."""
    candidates = {name: partial(measure, load, server) for name, server in servers.items()}
    rates = interleaved(candidates, rounds, seconds)
    return [
        (
            f"{load.shape[0]:,} x {load.at_once}",
            name,
            f"{rate.per_second:,.0f}",
            f"{rate.per_second / rates['plain server'].per_second:.2f}",
            f"{rate.p50:.2f}",
            f"{rate.p99:.2f}",
            f"{rate.processor:,.0f}",
        )
        for name, rate in rates.items()
    ]
