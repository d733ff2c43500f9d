"""The trials of a search on Ray, as `ray.tune` runs them: each on one CPU, wherever one is free.

A scheduler stops those that are behind. One whose process or machine is lost begins again
elsewhere: what it has done already it reads from the records, as it does in a search that is
resumed, and goes on from its last checkpoint.
"""

import logging
import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from curvegan.command.ray_cluster import PATIENCE, reason, taken
from curvegan.command.signals import HeldInterrupt
from train.data.source import Source
from train.quality.measures import Measures
from train.search.records import Point, Records
from train.search.trial import N_PARTS, Trial
from train.settings import Settings

# Tune is to write no logs, to print nothing, and to leave Ctrl-C alone.
os.environ |= {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "RAY_AIR_NEW_OUTPUT": "0",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
}

import ray  # isort: skip  (after ray_cluster, which sees to its reports)
from ray import tune  # isort: skip
from ray.tune.experiment import Trial as TuneTrial  # isort: skip
from ray.tune.schedulers import AsyncHyperBandScheduler, TrialScheduler  # isort: skip
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # isort: skip

# Of a trial that fails it would print the traceback each time.
logging.getLogger("ray.tune").setLevel(logging.CRITICAL)

# How often a trial is begun again.
_MAX_FAILURES = 2
# Of the trials that come to the end of the part 2, one in two goes on, and so after the part 4.
# Earlier scores tell nothing: they are those of averages that hold the first weights.
_FIRST_CHOICE, _REDUCTION = 2, 2
# Instead of infinity, with which the scheduler can't reckon.
_FAR = 1e30

# Called with the number of a trial and how it did, now and when it was recorded.
ShowPoint = Callable[[int, Point], None]


def run_trials(
    folder: Path,
    trials: list[Settings],
    curves: tuple[Source, Measures],
    held: HeldInterrupt,
    show: ShowPoint,
    patience: float = PATIENCE,
) -> dict[int, str]:
    """Runs the trials of the search in `folder`, until all have ended, or a signal is held. Returns
    what went wrong with those that failed each time, by their numbers.

    Raises CurveganError if they can't run.
    """
    here: Any = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    on_this_machine = ray.remote(num_cpus=0, max_restarts=-1, scheduling_strategy=here)
    records = on_this_machine(Records).remote(folder.absolute())
    stopper = _Stopper(held, patience)
    with TemporaryDirectory() as unused:
        analysis = tune.run(
            tune.with_parameters(_TuneTrial, trials=trials, curves=curves, records=records),
            config={"number": tune.grid_search(list(range(len(trials))))},
            metric="score",
            mode="min",
            scheduler=_Halving(
                "part",
                max_t=N_PARTS,
                grace_period=_FIRST_CHOICE,
                reduction_factor=_REDUCTION,
            ),
            stop=stopper,
            callbacks=[_Watch(stopper, show)],
            max_failures=_MAX_FAILURES,
            raise_on_failed_trial=False,
            reuse_actors=True,
            storage_path=unused,
            verbose=0,
        )
        if stopper.is_out_of_patience:
            raise taken(patience)
        return {
            trial.config["number"]: reason(trial.get_error() or RuntimeError(), "train,scale")
            for trial in analysis.trials
            if trial.status == TuneTrial.ERROR
        }


class _TuneTrial(tune.Trainable):
    """A `Trial`, as Tune wants it: a step is a part of the training."""

    def setup(self, config: dict[str, Any], **given: Any) -> None:
        """Takes over the trial of a number."""
        self._number: int = config["number"]
        self._settings: Settings = given["trials"][self._number]
        self._curves: tuple[Source, Measures] = given["curves"]
        self._records = given["records"]
        self._points: list[Point] = ray.get(self._records.points.remote(self._number))
        self._part = 0
        self._trial: Trial | None = None

    def step(self) -> dict[str, Any]:
        """Trains to the end of the next part, unless it was before."""
        if self._part == len(self._points):
            self._train()
        point = self._points[self._part]
        self._part += 1
        return {
            "part": self._part,
            "point": point,
            "score": _FAR if point.score is None else point.score,
            "done": point.score is None or self._part == N_PARTS,
        }

    def _train(self) -> None:
        if self._trial is None:
            begun = ray.get(self._records.checkpoint.remote(self._number))
            self._trial = Trial(self._settings, *self._curves, begun)
        self._points.append(self._trial.train(self._part + 1))
        saved = (self._number, self._points, self._trial.checkpoint())
        ray.get(self._records.save.remote(*saved))

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Lets its process go on with another trial."""
        self.setup(new_config)
        return True


class _Halving(AsyncHyperBandScheduler):
    """Stops trials that are behind; never the first, which is the recipe as it is."""

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        decision: str = super().on_trial_result(tune_controller, trial, result)
        return decision if trial.config["number"] else TrialScheduler.CONTINUE


class _Stopper(tune.Stopper):
    """Stops all trials after a signal, or if none has begun for too long. Tune pickles it."""

    def __init__(self, held: HeldInterrupt, patience: float) -> None:
        self._held = held
        self._until = time.monotonic() + patience

    def has_begun(self) -> None:
        """To be called when a trial has begun."""
        self._until = math.inf

    @property
    def is_out_of_patience(self) -> bool:
        """Whether no trial has begun, and it is too late."""
        return time.monotonic() > self._until

    def __call__(self, *_: Any, **__: Any) -> bool:
        """No trial ends for itself."""
        return False

    def stop_all(self) -> bool:
        """Whether all trials are to end."""
        return bool(self._held.signal) or self.is_out_of_patience


class _Watch(tune.Callback):
    """Passes on how the trials do."""

    def __init__(self, stopper: _Stopper, show: ShowPoint) -> None:
        self._stopper, self._show = stopper, show

    def on_trial_start(self, *_: Any, **__: Any) -> None:
        """A machine has a CPU for a trial."""
        self._stopper.has_begun()

    def on_trial_result(self, *_: Any, **info: Any) -> None:
        """A trial has come to the end of a part."""
        self._show(info["trial"].config["number"], info["result"]["point"])
