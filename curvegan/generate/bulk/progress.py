"""All parts of a set, as they are done: with their progress on the terminal, until Ctrl-C."""

from collections.abc import Iterator
from contextlib import closing

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from curvegan.command.signals import HeldInterrupt
from curvegan.errors import Interrupted
from curvegan.generate.bulk.jobs import Done, Job, RunJob


def all_done(job: Job, run_job: RunJob, held: HeldInterrupt) -> Iterator[Done]:
    """Does `job` for all parts of its set; yields each with its outcome. A bar on standard error,
    if that is a terminal, shows curves, curves a second and time left; those without work, for they
    were there, do not count.

    Raises Interrupted once a signal is held.
    """
    n_left = job.curve_set.n_rows
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.completed:,}/{task.total:,} curves"),
        BarColumn(),
        _Rate(),
        TextColumn("time left"),
        TimeRemainingColumn(compact=True),
    )
    with (
        closing(run_job(job, job.curve_set.parts())) as outcomes,
        Progress(*columns, console=console, disable=not console.is_terminal) as progress,
    ):
        task = progress.add_task("", total=n_left)
        for done in outcomes:
            if held.signal:
                raise Interrupted("interrupted", held.signal)
            if done:
                part, outcome = done
                n_left -= len(part.seeds) - outcome.n_rows
                progress.update(task, advance=outcome.n_rows, total=n_left)
                yield part, outcome


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:,.0f} curves/s")
