"""Times candidates side by side, and prints what came out."""

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table


def time_interleaved(
    candidates: Mapping[str, Callable[[], object]], rounds: int, calls: int = 1
) -> dict[str, float]:
    """Returns each candidate's median time of a call in seconds.

    The candidates take turns for `rounds` rounds of `calls` calls each, after one that is not
    counted.
    """
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(rounds + 1):
        for name, candidate in candidates.items():
            start = time.perf_counter()
            for _ in range(calls):
                candidate()
            if number:
                seconds[name].append((time.perf_counter() - start) / calls)
    return {name: float(np.median(times)) for name, times in seconds.items()}


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table: the first column to the left, the others, numbers, to the right."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
