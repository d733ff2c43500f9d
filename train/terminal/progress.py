"""The progress of a training on the terminal: what is read; step, D(x), score and time left."""

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from train.gan.loop import Report


def show_progress(reports: Iterable[Report], steps: int) -> Iterator[Report]:
    """Passes the reports of a training of `steps` steps on; a bar on standard error shows them.

    Of a population it shows the mean.
    """
    columns = (
        TextColumn("step {task.completed}/{task.total}"),
        BarColumn(),
        TextColumn("D(x) {task.fields[d_real]:.3f}  score {task.fields[score]:+.3f}  time left"),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("training", total=steps, d_real=0.5, score=0.0)
        for report in reports:
            progress.update(
                task,
                completed=report.step,
                d_real=_mean(report.d_real),
                score=_mean(report.score),
            )
            yield report


def show_reading(path: str | None) -> AbstractContextManager[object]:
    """Shows on standard error, if it is a terminal, that the file `path` is being read; None is
    for no file."""
    return Console(stderr=True).status(f"reading {path}") if path else nullcontext()


def _mean(values: Sequence[float]) -> float:
    """Returns the mean over the GANs that have not diverged."""
    finite = [value for value in values if math.isfinite(value)]
    return sum(finite) / len(finite) if finite else math.nan
