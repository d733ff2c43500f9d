"""Unary calls: our server compared with grpcio that returns canned bytes."""

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import grpc

from bench.serve.load import Load, apply
from bench.serve.rates import interleaved
from bench.serve.servers.ours import canned, curvegan
from bench.timing import print_table

_LIMIT = "canned, aio"


def compare_with_canned(
    models: Path, loads: Mapping[str, Load], rounds: int, seconds: float
) -> None:
    """Prints a table of calls: medians over `rounds` rounds of `seconds`."""
    with ExitStack() as stack:
        ours = stack.enter_context(curvegan(models)).address
        answers = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name, load in loads.items():
            (answers / _file(name)).write_bytes(_checked_answer(load, ours))
        limits = {
            label: stack.enter_context(canned(answers, threads)).address
            for label, threads in ((_LIMIT, 0), ("canned, one thread", 1))
        }
        lines = []
        for name, load in loads.items():
            ready = replace(load, method=f"canned/{_file(name)}")
            candidates = {"curvegan": partial(apply, load, ours)}
            candidates |= {label: partial(apply, ready, limit) for label, limit in limits.items()}
            rates = interleaved(candidates, rounds, seconds)
            lines += [
                (
                    name,
                    label,
                    f"{rate.per_second:,.0f}",
                    f"{rate.per_second * load.rows / 1e6:.3f}",
                    f"{rate.per_second / rates[_LIMIT].per_second:.2f}",
                    f"{rate.p50:.2f}",
                    f"{rate.p99:.2f}",
                )
                for label, rate in rates.items()
            ]
    columns = ("call", "server", "calls/s", "million curves/s", "of aio", "p50 ms", "p99 ms")
    print_table("Beside grpcio that answers with canned bytes", columns, lines, labels=2)


def _file(name: str) -> str:
    return "".join(letter for letter in name if letter.isalnum())


def _checked_answer(load: Load, address: str) -> bytes:
    """Returns the response to a call. Raises grpc.RpcError if it fails."""
    with grpc.insecure_channel(address) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"/{load.method}")
        return call(load.request, timeout=30)
