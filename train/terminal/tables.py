"""Runs as tables on the terminal."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from curvegan.errors import CurveganError
from train.quality.quadratics import distance
from train.run.folder import SETTINGS, Member, Run

# The measures in the order of people's interest, and how each is written.
_MEASURES = {"w1_a": ".4f", "off_family_rmse": ".4f", "in_bounds": ".3f"}
# Wide enough for every table where there is no terminal that says how wide it is.
_WIDTH = 140


def print_population(members: Sequence[Member]) -> None:
    """Prints a table of a population's GANs, best first; nothing of one that is alone."""
    if len(members) < 2:
        return
    table = _table("seed", *_MEASURES, "d_real", "score", "")
    for member in sorted(members, key=_distance):
        table.add_row(
            str(member.seed),
            *_quality_cells(member.quality),
            _number(member.d_real, ".3f"),
            _number(member.score, ".3f"),
            "exported" if member.exported else "diverged" if member.quality is None else "",
        )
    _print(table)


def print_runs(folder: Path) -> None:
    """Prints a table of the runs below `folder`, oldest first.

    Raises CurveganError if the folder can't be read or holds none.
    """
    try:
        found = [Run(path) for path in sorted(folder.iterdir()) if (path / SETTINGS).is_file()]
    except OSError as error:
        raise CurveganError(f"can't read {folder}: {error.strerror}") from error
    if not found:
        raise CurveganError(f"{folder} holds no runs: train one with `python -m train`")
    table = _table("run", "step", *_MEASURES, "state")
    for run in found:
        try:
            table.add_row(*_row(run))
        except CurveganError as error:
            table.add_row(run.folder.name, "", *_quality_cells(None), str(error))
    _print(table)


def print_comparison(one: Run, other: Run) -> None:
    """Prints what differs between two runs, and the quality of both."""
    table = _table("", one.folder.name, other.folder.name)
    for name, value in _facts(one).items():
        other_value = _facts(other)[name]
        if value != other_value or name in _MEASURES:
            table.add_row(name, value, other_value)
    _print(table)


def _row(run: Run) -> list[str]:
    description, publications = run.description, run.publications
    steps = run.settings.recipe.steps
    if publications:
        state = f"version {publications[-1].version} of {publications[-1].models}"
    elif description:
        state = "exported"
    else:
        state = "unfinished"
    quality = description.quality if description else None
    return [run.folder.name, f"{run.step}/{steps}", *_quality_cells(quality), state]


def _facts(run: Run) -> dict[str, str]:
    settings, description = run.settings, run.description
    quality = description.quality if description else None
    facts = {
        "recipe": settings.recipe_name,
        **{name: f"{value}" for name, value in asdict(settings.recipe).items()},
        "seed": str(settings.seed),
        "population": str(settings.population),
        "ms a step": f"{description.training.ms_per_step:.3f}" if description else "-",
    }
    return facts | dict(zip(_MEASURES, _quality_cells(quality), strict=True))


def _quality_cells(quality: dict[str, float] | None) -> list[str]:
    return [_number((quality or {}).get(name), form) for name, form in _MEASURES.items()]


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _distance(member: Member) -> float:
    return distance(member.quality) if member.quality else math.inf


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
