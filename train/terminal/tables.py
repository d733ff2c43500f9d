"""Runs as tables on the terminal."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from curvegan.errors import CurveganError
from curvegan.repository.description import Description, Measure
from train.families import measures_of
from train.quality.comparisons import COMPARISONS, DISTANCES
from train.quality.measures import ENERGY_TO_TRAINING, distance
from train.run.folder import SETTINGS, Member, Run
from train.search.records import TrialResult
from train.search.space import written

# What the list of runs has no room for, as it has none for the measures of a class.
_DETAILS = {comparison.measure.name for comparison in COMPARISONS if comparison not in DISTANCES}

# Wide enough for every table, for output that is not a terminal.
_WIDTH = 160


def print_population(members: Sequence[Member], measures: Sequence[Measure]) -> None:
    """Prints a table of a population's GANs, best first; nothing of one that is alone.

    It has those of `measures` by which the best was chosen.
    """
    if len(members) < 2:
        return
    measured = {name for member in members for name in member.quality or {}}
    measures = [measure for measure in (*measures, ENERGY_TO_TRAINING) if measure.name in measured]

    def by_distance(member: Member) -> float:
        return math.inf if member.quality is None else distance(member.quality, measures)

    table = _table("seed", *_labels(measures), "d_real", "score", "")
    for member in sorted(members, key=by_distance):
        table.add_row(
            str(member.seed),
            *_figures(member.quality, measures),
            _number(member.d_real, ".3f"),
            _number(member.score, ".3f"),
            "exported" if member.exported else "diverged" if member.quality is None else "",
        )
    _print(table)


def print_quality(description: Description, left_out: Mapping[str, str]) -> None:
    """Prints how good a model's curves are, beside what the yardsticks score, and the measures that
    were left out, each with its reason."""
    table = _table("", "value", "90 % interval", "real curves", "Gaussian", "copies")
    for measure in description.measures:
        table.add_row(
            measure.label,
            _number(description.quality.get(measure.name), measure.format),
            _interval(measure),
            *(
                _number(score, measure.format)
                for score in (measure.floor, measure.gaussian, measure.copies)
            ),
        )
    _print(table)
    reasons: dict[str, list[str]] = {}
    for name, reason in left_out.items():
        reasons.setdefault(reason, []).append(name)
    for reason, names in reasons.items():
        print(f"left out: {', '.join(names)} ({reason})")


def print_trials(results: Sequence[TrialResult]) -> None:
    """Prints a table of a search's trials, in their order; the first is published."""
    table = _table("trial", "seeds from", "what it changes", "steps", "score", "")
    for outcome in results:
        said = {"whole": "", "failed": f"failed: {outcome.problem}"}
        table.add_row(
            str(outcome.number),
            str(outcome.seed),
            written(outcome.changes),
            f"{outcome.steps:,}",
            _number(outcome.score, ".4g"),
            "published" if outcome is results[0] else said.get(outcome.state, outcome.state),
        )
    _print(table)


def print_runs(folder: Path) -> None:
    """Prints a table of the runs below `folder`, oldest first, with the measures of the whole.

    Raises CurveganError if the folder can't be read or holds no runs.
    """
    try:
        found = [Run(path) for path in sorted(folder.iterdir()) if (path / SETTINGS).is_file()]
    except OSError as error:
        raise CurveganError(f"can't read {folder}: {error.strerror}") from error
    if not found:
        raise CurveganError(f"{folder} holds no runs: train one with `python -m train`")
    listed = [_listed(run) for run in found]
    measures = [
        measure
        for measure in _all_measures(row.measures for row in listed)
        if measure.name not in _DETAILS and "[" not in measure.name
    ]
    table = _table("run", "curves", "step", *_labels(measures), "state")
    for row in listed:
        table.add_row(row.name, row.curves, row.step, *_figures(row.quality, measures), row.state)
    _print(table)


def print_comparison(one: Run, other: Run) -> None:
    """Prints what differs between two runs, and the quality of both."""
    runs = (one, other)
    table = _table("", *(run.folder.name for run in runs))
    facts = [_facts(run) for run in runs]
    for name, value in facts[0].items():
        if value != facts[1][name]:
            table.add_row(name, value, facts[1][name])
    descriptions = [run.description for run in runs]
    measures = _all_measures(measures_of(description) for description in descriptions)
    figures = [_figures(_quality(description), measures) for description in descriptions]
    for row in zip(_labels(measures), *figures, strict=True):
        table.add_row(*row)
    _print(table)


@dataclass(frozen=True)
class _Listed:
    """What the list of runs says of one."""

    name: str
    curves: str
    step: str
    quality: dict[str, float]
    measures: list[Measure]
    state: str


def _listed(run: Run) -> _Listed:
    try:
        description, publications = run.description, run.publications
        settings = run.settings
        step = f"{run.step}/{settings.recipe.steps}"
    except CurveganError as error:
        return _Listed(run.folder.name, "", "", {}, [], str(error))
    if publications:
        state = f"version {publications[-1].version} of {publications[-1].models}"
    else:
        state = "exported" if description else "unfinished"
    return _Listed(
        run.folder.name,
        settings.curves_name,
        step,
        _quality(description),
        measures_of(description),
        state,
    )


def _facts(run: Run) -> dict[str, str]:
    settings, description = run.settings, run.description
    return {
        "curves": settings.curves_name,
        "recipe": settings.recipe_name,
        **{name: f"{value}" for name, value in asdict(settings.recipe).items()},
        "seed": str(settings.seed),
        "population": str(settings.population),
        "ms a step": f"{description.training.ms_per_step:.3f}" if description else "-",
    }


def _quality(description: Description | None) -> dict[str, float]:
    return description.quality if description else {}


def _all_measures(of_runs: Iterable[list[Measure]]) -> list[Measure]:
    """Returns each measure once, in the order in which runs name them."""
    return list({measure.name: measure for measures in of_runs for measure in measures}.values())


def _labels(measures: Iterable[Measure]) -> list[str]:
    return [measure.label for measure in measures]


def _figures(quality: Mapping[str, float] | None, measures: Iterable[Measure]) -> list[str]:
    return [_number((quality or {}).get(measure.name), measure.format) for measure in measures]


def _interval(measure: Measure) -> str:
    if measure.low is None or measure.high is None:
        return ""
    return f"{measure.low:{measure.format}} to {measure.high:{measure.format}}"


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _print(table: Table) -> None:
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH
    console.print(table)


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", overflow="fold")
    return table
