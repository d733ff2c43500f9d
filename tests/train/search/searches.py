"""What the tests of searches share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from train import families
from train.run.folder import Run
from train.search import searching
from train.search.records import Point, Records
from train.search.trial import N_PARTS, Trial
from train.settings import Settings

N_TRIALS = 4
STEPS = 300

Points = list[list[Point]]


def begin(tmp_path: Path, settings: Settings, n_trials: int = N_TRIALS) -> Run:
    """Begins a search, for a model repository of its own."""
    settings = replace(settings, models=str(tmp_path / "models"))
    return searching.begin(settings, n_trials, tmp_path / "runs", print, print)


def watched(show: Callable[[int, Point], None]) -> searching.WatchTrials:
    """Returns what lets `show` know how the trials of a search do."""

    @contextmanager
    def watch(_: int) -> Iterator[Callable[[int, Point], None]]:
        yield show

    return watch


def no_show(_: int, __: Point) -> None:
    pass


def points(run: Run) -> Points:
    """Returns the scores of all trials."""
    return [Records(run.folder).points(number) for number in range(N_TRIALS)]


def agree(some: Points, others: Points) -> bool:
    """Whether trials had the same scores, as far as both went."""
    pairs = zip(some, others, strict=True)
    return all(
        one == other
        for of_one, of_other in pairs
        for one, other in zip(of_one, of_other, strict=False)
    )


def undisturbed(trials: list[Settings]) -> Points:
    """Returns the scores of trials that are trained here, one after the other, without Ray."""
    source, measures = families.source_of(trials[0], None)
    trained = [Trial(settings, source, measures, None) for settings in trials]
    return [[trial.train(part) for part in range(1, N_PARTS + 1)] for trial in trained]
