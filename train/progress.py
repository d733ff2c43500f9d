"""The progress of a training on the terminal: step, D(x), score and time left."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from train.loop import Report


def show_progress(reports: Iterable[Report], steps: int) -> Iterator[Report]:
    """Passes the reports of a training of `steps` steps on; a bar on standard error shows them."""
    columns = (
        TextColumn("step {task.completed}/{task.total}"),
        BarColumn(),
        TextColumn("D(x) {task.fields[d_real]:.3f}  score {task.fields[score]:+.3f}  time left"),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("training", total=steps, d_real=0.5, score=0.0)
        for report in reports:
            progress.update(task, completed=report.step, d_real=report.d_real, score=report.score)
            yield report
