"""The progress of a training on the terminal: what is read; step, D(x), score and time left."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from train.gan.loop import Report
from train.search.records import Point


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


@contextmanager
def show_trials(n_trials: int) -> Iterator[Callable[[int, Point], None]]:
    """Yields what is to be told how a trial of a search does; on standard error it shows how many
    of the `n_trials` have begun, their steps, and the best score."""
    columns = (
        TextColumn("trial {task.fields[begun]}/{task.fields[of]}"),
        TextColumn("{task.completed:,} steps  best score {task.fields[best]:.4g}"),
        TimeElapsedColumn(),
    )
    points: dict[int, Point] = {}
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("search", begun=0, of=n_trials, best=math.nan)

        def show(number: int, point: Point) -> None:
            points[number] = point
            steps = sum(of_trial.steps for of_trial in points.values())
            scores = [of.score for of in points.values() if of.score is not None]
            best = min(scores, default=math.nan)
            progress.update(task, completed=steps, begun=len(points), best=best)

        yield show


def show_reading(path: str | None) -> AbstractContextManager[object]:
    """Shows on standard error, if it is a terminal, that the file `path` is being read; None is
    for no file."""
    return Console(stderr=True).status(f"reading {path}") if path else nullcontext()


def _mean(values: Sequence[float]) -> float:
    """Returns the mean over the GANs that have not diverged."""
    finite = [value for value in values if math.isfinite(value)]
    return sum(finite) / len(finite) if finite else math.nan
