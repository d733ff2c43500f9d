"""The progress of a training on the terminal: step, D(x), score and time left."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from train.loop import Report


def show_progress(reports: Iterable[Report], steps: int) -> Iterator[Report]:
    """Passes `reports` of a training of `steps` steps on while a bar on standard error shows them.

    Raises KeyboardInterrupt, with a text that says how far it came, on Ctrl-C.
    """
    columns = (
        TextColumn("step {task.completed}/{task.total}"),
        BarColumn(),
        TextColumn("D(x) {task.fields[d_real]:.3f}  score {task.fields[score]:+.3f}  time left"),
        TimeRemainingColumn(compact=True),
    )
    step = 0
    try:
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task("training", total=steps, d_real=0.5, score=0.0)
            for report in reports:
                step = report.step
                progress.update(task, completed=step, d_real=report.d_real, score=report.score)
                yield report
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"interrupted at step {step} of {steps}: nothing was published"
        ) from None
