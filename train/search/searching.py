"""A whole search: begun or resumed, run, and its best trial taken over as the run of its folder."""

import math
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from curvegan.command.ray_cluster import connected
from curvegan.command.signals import holding_interrupts
from curvegan.errors import CurveganError, Interrupted
from train import pipeline
from train.data.source import Source
from train.families import source_of
from train.quality.measures import Measures
from train.run.folder import SEARCH, Run
from train.run.table import ShowContents, Warn, warn_of_change
from train.search.inner_rows import inner_split
from train.search.on_ray import ShowPoint, run_trials
from train.search.records import Records, State, TrialResult
from train.search.space import changes, draw_trials
from train.search.trial import N_PARTS
from train.settings import Settings

# Shows how the trials do, of which there are so many.
WatchTrials = Callable[[int], AbstractContextManager[ShowPoint]]


def begin(settings: Settings, n_trials: int, runs: Path, show: ShowContents, warn: Warn) -> Run:
    """Returns the folder of a new search, which is that of a run too, as `pipeline.start` makes it;
    `settings` are those of the recipe as it is.

    Raises CurveganError, and leaves nothing, if its table is too small.
    """
    run = pipeline.start(settings, runs, show, warn)
    try:
        _curves(run, run.settings)
    except CurveganError:
        shutil.rmtree(run.folder)
        raise
    Records(run.folder).begin(draw_trials(run.settings, n_trials))
    return run


def resume(folder: Path, warn: Warn) -> Run:
    """Returns the search in `folder`; `warn` is that of `pipeline.resume`. Raises CurveganError if
    the folder is not a search's."""
    run = Run(folder)
    if not run.is_search:
        raise CurveganError(
            f"{str(folder)!r} is not a search: it has no {SEARCH}; name the folder that "
            "`python -m train search` made"
        )
    if not Records(folder).trials:
        raise CurveganError(f"{folder / SEARCH} names no trials: restore it, or search anew")
    warn_of_change(run, warn)
    return run


def search(run: Run, address: str | None, watch: WatchTrials) -> list[TrialResult]:
    """Runs the trials of a search, or what is left of them, on the Ray cluster at `address`, or on
    this machine for None. Returns what became of each, the best first, whose settings `run` has
    now, and its training, too, unless that is to be done again.

    Raises CurveganError if they can't run or none is left at the end, Interrupted after Ctrl-C or
    SIGTERM. What is done stays.
    """
    records = Records(run.folder)
    with run.alone():
        trials = records.trials
        if not records.results:
            failures = _run(run, trials, address, watch)
            results = [_result(records, trials, n, failures) for n in range(len(trials))]
            if failures and all(result.state != "whole" for result in results):
                number, problem = min(failures.items())
                raise CurveganError(
                    f"no trial came to its end: trial {number} failed: {problem}; fix that, then "
                    f"resume with: {run.resume_command}"
                )
            records.finish(results)
        results = sorted(records.results, key=_rank)
        best = results[0]
        if best.state != "whole":
            raise CurveganError(
                "no trial makes finite curves: nothing was published; search with smaller learning "
                "rates (--lr-g, --lr-d)"
            )
        if not run.publications:
            # A trial that learnt some rows of a table only is trained again, with all.
            checkpoint = None if run.settings.data else records.checkpoint(best.number)
            run.become(trials[best.number], checkpoint)
    return results


def _run(
    run: Run, trials: list[Settings], address: str | None, watch: WatchTrials
) -> dict[int, str]:
    curves = _curves(run, trials[0])
    # In this order: Ray would take SIGTERM for itself.
    with connected(address), holding_interrupts() as held, watch(len(trials)) as show:
        failures = run_trials(run.folder, trials, curves, held, show)
    if held.signal:
        raise Interrupted(
            f"interrupted: nothing was published; resume with: {run.resume_command}", held.signal
        )
    return failures


def _curves(run: Run, settings: Settings) -> tuple[Source, Measures]:
    """Returns what trials learn, and by what they are chosen. Raises CurveganError."""
    source, measures = source_of(settings, run.data)
    return inner_split(source, settings.seed) if settings.data else (source, measures)


def _result(
    records: Records, trials: list[Settings], number: int, failures: dict[int, str]
) -> TrialResult:
    asked, points = trials[number], records.points(number)
    state: State = "whole" if len(points) == N_PARTS else "stopped"
    if number in failures:
        state = "failed"
    elif points[-1].score is None:
        state = "diverged"
    changed = changes(trials[0].recipe, asked.recipe)
    return TrialResult(number, asked.seed, changed, points, state, failures.get(number, ""))


def _rank(result: TrialResult) -> tuple[bool, int, float]:
    """Whole trials come first, then those that came furthest; the best of them before others."""
    score = math.inf if result.score is None else result.score
    return result.state != "whole", -result.steps, score
