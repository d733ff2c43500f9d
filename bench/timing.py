"""Times candidates side by side, and prints tables."""

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

Name = TypeVar("Name", bound=Hashable)


def time_interleaved(
    candidates: Mapping[Name, Callable[[], object]], rounds: int
) -> dict[Name, float]:
    """Returns each candidate's median time in seconds.

    The candidates take turns for `rounds` rounds, after a warm-up round.
    """
    seconds: dict[Name, list[float]] = {name: [] for name in candidates}
    for number in range(rounds + 1):
        for name, candidate in candidates.items():
            start = time.perf_counter()
            candidate()
            if number:
                seconds[name].append(time.perf_counter() - start)
    return {name: float(np.median(times)) for name, times in seconds.items()}


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], labels: int = 1
) -> None:
    """Prints a table, in Markdown unless standard output is a terminal.

    The first `labels` columns are left-aligned, the others right-aligned.
    """
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for column in columns[:labels]:
        table.add_column(column, overflow="fold")
    for column in columns[labels:]:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(*row)
    console = Console()
    if not console.is_terminal:
        table.box = box.MARKDOWN
        console.width = 200  # Wide enough that nothing is wrapped.
    console.print(table)
