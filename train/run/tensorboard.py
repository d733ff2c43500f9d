"""A run's reports as TensorBoard events."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from curvegan.errors import CurveganError
from train.gan.loop import Report
from train.run.folder import Run
from train.settings import Settings


@contextmanager
def writing_events(run: Run, settings: Settings, step: int) -> Iterator[Callable[[Report], None]]:
    """Yields a function that writes a report into the run's folder, as events after `step`.

    Raises CurveganError where TensorBoard is missing or the folder can't be written.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise CurveganError(
            "--tensorboard needs TensorBoard: pip install 'curvegan[tensorboard]'"
        ) from None

    def add(report: Report) -> None:
        for seed, d_real, score in zip(settings.seeds, report.d_real, report.score, strict=True):
            writer.add_scalar(f"d_real/seed {seed}", d_real, report.step)
            writer.add_scalar(f"score/seed {seed}", score, report.step)

    with (
        run.writing(),
        # Drops the events after the checkpoint, which this training writes again.
        SummaryWriter(str(run.folder), purge_step=step + 1 if step else None) as writer,
    ):
        yield add
