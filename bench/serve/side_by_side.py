"""Calls with one answer: ours beside the other servers, taking turns."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

import grpc
import numpy as np

from bench.environment import InstallationError
from bench.serve.calls import INFER, unary_loads
from bench.serve.load import Load, Rate, apply
from bench.serve.others import canned, mlserver
from bench.timing import print_table
from serve.engine import Engine
from serve.process import running_server
from serve.repository import Repository

# Returns where a load goes, and how it is called there; or None where it can't go.
Turn: TypeAlias = Callable[[str, Load], tuple[str, Load] | None]

_LIMIT = "grpcio, canned bytes, aio"


def compare(repository: Repository, rounds: int, seconds: int) -> None:
    """Prints a table for each kind of call: medians over `rounds` turns of so many seconds."""
    version = repository.newest()
    loads = unary_loads(Engine.of(repository.load(version)))
    with ExitStack() as stack:
        ours = stack.enter_context(running_server(repository.root)).address
        answers = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for name, load in loads.items():
            (answers / _file(name)).write_bytes(_checked_answer(load, ours))
        candidates: dict[str, Turn] = {"curvegan": lambda _, load: (ours, load)}
        for label, threads in ((_LIMIT, 0), ("the same, one thread", 1)):
            address = stack.enter_context(canned(answers, threads))
            candidates[label] = partial(_canned_turn, address)
        try:
            theirs = stack.enter_context(mlserver(repository.root, version))
            candidates["MLServer"] = partial(_mlserver_turn, theirs)
        except InstallationError as problem:
            print(f"without MLServer: {problem}")
        for name, load in loads.items():
            turns = {label: turn(name, load) for label, turn in candidates.items()}
            present = {label: turn for label, turn in turns.items() if turn}
            _print(name, load, _interleaved(present, rounds, seconds))


def _canned_turn(address: str, name: str, load: Load) -> tuple[str, Load]:
    return address, replace(load, method=f"canned/{_file(name)}")


def _mlserver_turn(address: str, _: str, load: Load) -> tuple[str, Load] | None:
    return (address, load) if load.method == INFER and load.rows == 1 else None


def _file(name: str) -> str:
    return "".join(letter for letter in name if letter.isalnum())


def _checked_answer(load: Load, address: str) -> bytes:
    """Returns the answer to a call, which fails unless it is a good one."""
    with grpc.insecure_channel(address) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"/{load.method}")
        return call(load.request, timeout=30)


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
    limit = medians[_LIMIT][0]
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
