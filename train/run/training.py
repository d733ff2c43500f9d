"""A run's training: the loop, watched, logged and checkpointed, from its start or from where it
was left."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch

from curvegan.command.signals import holding_interrupts
from curvegan.errors import CurveganError, Interrupted
from train.data.source import Source
from train.gan.loop import Population, Report
from train.noise.seed_rule import SeedNoise
from train.run.folder import Run
from train.run.history import History, curves_per_frame, steps_between_frames
from train.run.machine import changes, machine
from train.run.table import Warn
from train.run.tensorboard import writing_events
from train.settings import Settings

Watch = Callable[[Iterable[Report]], Iterator[Report]]


@dataclass(frozen=True)
class Keeping:
    """What a run keeps of its training besides the log; nothing of it changes the weights."""

    checkpoint_every: int = 1000
    pictures: bool = True
    tensorboard: bool = False

    def __post_init__(self) -> None:
        """Raises CurveganError for a number of steps that can't be."""
        if self.checkpoint_every < 1:
            raise CurveganError(f"checkpoint_every is {self.checkpoint_every}: at least 1")


def fit(
    run: Run,
    settings: Settings,
    source: Source,
    device: torch.device,
    keep: Keeping,
    watch: Watch,
    warn: Warn,
) -> tuple[Population, History]:
    """Trains the population of `run` to its last step, on from the run's checkpoint if it has one.

    `watch` passes the loop's reports on and may show them. `warn` is called with one line if the
    checkpoint was computed on another kind of machine. The first Ctrl-C or SIGTERM is held back
    until the steps under way are done and a checkpoint is written.

    Raises Interrupted after that; CurveganError if the checkpoint is damaged, the run's folder
    can't be written, or no GAN's loss is finite any more, in which case the last checkpoint stays.
    """
    steps = settings.recipe.steps
    population = Population(settings.recipe, source, settings.seeds, device)
    checkpoint = run.load_checkpoint(population)
    history = checkpoint.history if checkpoint else History()
    film = Film(settings, source, device) if keep.pictures else None
    left = population.step < steps
    if checkpoint and left and (changed := changes(checkpoint.machine, machine(device))):
        warn(
            f"resumed at step {population.step} with {changed}: the weights can differ from those "
            "of an uninterrupted run"
        )
    events = writing_events(run, settings, population.step) if keep.tensorboard and left else None
    if film:
        film.shoot(population, history)
    checkpointed = population.step
    start = time.perf_counter() - history.seconds
    with (
        run.log(history.reports) as add_to_log,
        events or nullcontext() as add_event,
        holding_interrupts() as held,
    ):
        for report in watch(population.fit()) if left else ():
            history.reports.append(report)
            add_to_log(report)
            if add_event:
                add_event(report)
            if film:
                film.shoot(population, history)
            _check_finite(report, checkpointed)
            due = report.step // keep.checkpoint_every > checkpointed // keep.checkpoint_every
            if due or held.signal or report.step == steps:
                history.seconds = time.perf_counter() - start
                run.save_checkpoint(population, history)
                checkpointed = report.step
            if held.signal:
                break
    # Asked here, for a signal may also come after the last step.
    if held.signal:
        raise Interrupted(
            f"interrupted at step {population.step} of {steps}: nothing was published; "
            f"resume with: {run.resume_command}",
            held.signal,
        )
    return population, history


class Film:
    """Takes frames of what the generators draw from always the same noise."""

    def __init__(self, settings: Settings, source: Source, device: torch.device) -> None:
        self._steps = settings.recipe.steps
        n_curves = curves_per_frame(settings.population, source.n_points)
        self._noise = SeedNoise(settings.recipe.n_noise)(torch.arange(n_curves)).to(device)

    def shoot(self, population: Population, history: History) -> None:
        """Adds a frame to `history` if it is time for one."""
        since = population.step - history.frames[-1][0] if history.frames else self._steps
        if since >= steps_between_frames(self._steps) or population.step == self._steps:
            history.frames.append((population.step, population.curves(self._noise).cpu()))


def _check_finite(report: Report, checkpointed: int) -> None:
    if not np.isfinite(report.score).any():
        kept = f"the checkpoint of step {checkpointed} is kept, and " if checkpointed else ""
        raise CurveganError(
            f"the loss is no longer finite at step {report.step}: {kept}nothing was published; "
            "train with smaller learning rates (--lr-g, --lr-d)"
        )
