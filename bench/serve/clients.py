"""Our client and tritonclient, one call at a time."""

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np

from bench.serve.perf_analyzer import tritonclient
from bench.serve.rates import Rate, interleaved
from bench.serve.servers.others import Start, start_others
from bench.serve.servers.ours import Server, curvegan, onnx_files, plain
from bench.timing import print_table
from curvegan import CurveClient
from curvegan.errors import CurveganError
from curvegan.repository.repository import Repository

_STREAM = 1_000_000
_INFER = Path(__file__).parent / "tritonclient" / "infer.py"


def compare_clients(
    repository: Repository, others: Mapping[str, Start], rounds: int, seconds: float
) -> None:
    """Prints a table: medians over `rounds` rounds of `seconds`.

    tritonclient calls our server, the plain server and `others`.
    """
    files = onnx_files(repository, repository.newest())
    with ExitStack() as stack:
        servers = {
            "curvegan": stack.enter_context(curvegan(repository.root)),
            "plain server": stack.enter_context(plain(files)),
            **start_others(stack, others, files),
        }
        client = stack.enter_context(CurveClient(servers["curvegan"].address))
        lines = []
        for seeds in (1, 1000):
            rng = np.random.default_rng(0)
            drawn = rng.integers(-(2**63), 2**63, seeds, np.int64)
            candidates: dict[str, Callable[[float], Rate]] = {
                "CurveClient": partial(_repeat, partial(client.generate, drawn))
            }
            for name, server in servers.items():
                candidates[f"tritonclient gRPC, {name}"] = partial(_infer, "grpc", server, seeds)
                if server.http:
                    http = partial(_infer, "http", server, seeds)
                    candidates[f"tritonclient HTTP, {name}"] = http
            lines += _lines(seeds, interleaved(candidates, rounds, seconds))
        stream = {"CurveClient, stream": partial(_repeat, partial(_read_stream, client))}
        lines += _lines(_STREAM, interleaved(stream, rounds, seconds))
    columns = ("seeds", "client, server", "calls/s", "million curves/s", "p50 ms", "p99 ms")
    print_table("One call at a time", columns, lines, labels=2)


def _repeat(call: Callable[[], object], seconds: float) -> Rate:
    """Repeats a call, one at a time, for `seconds`."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1e3)
    return Rate.of(times, sum(times) / 1e3)


def _read_stream(client: CurveClient) -> None:
    for _ in client.stream(range(_STREAM)):
        pass


def _infer(protocol: str, server: Server, seeds: int, seconds: float) -> Rate:
    """Repeats a call for `seeds` seeds with tritonclient, in its own virtual environment."""
    address = server.address if protocol == "grpc" else str(server.http)
    shape = f"{seeds},1" if server.batches else f"{seeds}"
    done = subprocess.run(
        [tritonclient() / "python", _INFER, protocol, address, shape, str(seconds)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CurveganError(f"tritonclient failed: {done.stderr.strip()[-300:]}")
    times = json.loads(done.stdout)
    return Rate.of(times, sum(times) / 1e3)


def _lines(seeds: int, rates: dict[str, Rate]) -> list[tuple[str, ...]]:
    return [
        (
            f"{seeds:,}",
            name,
            f"{rate.per_second:,.1f}",
            f"{rate.per_second * seeds / 1e6:.4f}",
            f"{rate.p50:.2f}",
            f"{rate.p99:.2f}",
        )
        for name, rate in rates.items()
    ]
