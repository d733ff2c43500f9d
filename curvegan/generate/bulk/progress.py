"""The progress of a set on the terminal: curves, curves a second and time left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from curvegan.generate.bulk.curve_set import Part
from curvegan.generate.bulk.jobs import Outcome


@contextmanager
def progress_bar(n_rows: int) -> Iterator[Callable[[Part, Outcome], None]]:
    """Shows a bar for `n_rows` curves on standard error, if that is a terminal; yields what each
    part and its outcome are to be told. Curves without work, for they were there, do not count."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.completed:,}/{task.total:,} curves"),
        BarColumn(),
        _Rate(),
        TextColumn("time left"),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        left = n_rows
        task = progress.add_task("", total=left)

        def show(part: Part, outcome: Outcome) -> None:
            nonlocal left
            left -= len(part.seeds) - outcome.n_rows
            progress.update(task, advance=outcome.n_rows, total=left)

        yield show


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f} curves/s")
