"""quality.png: real and generated curves side by side, and each measure beside its yardsticks."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from curvegan.arrays import Float32Array
from curvegan.pictures.style import (
    FAINT,
    INK,
    LOWER,
    MUTED,
    RULE,
    UPPER,
    draw_bundle,
    write_heading,
)
from curvegan.repository.description import Measure
from train.pictures.bands import draw_bands
from train.pictures.outcome import N_DRAWN, Outcome

# In inches.
_WIDTH = 14.0
_CURVES = 3.7
_ROW = 0.31
_LEFT = 0.8
_TRACK = (4.1, 9.0)
_COLUMNS = {"value": 9.95, "90 % interval": 11.15, "real": 12.1, "Gaussian": 12.95, "copies": 13.7}

_CHARACTERS = 150

# So many classes get a row.
_CLASSES = 6


def draw_quality_into(outcome: Outcome, path: Path) -> None:
    """Draws how good a run's curves are. Raises ValueError if it kept no real curves."""
    if outcome.held_out is None:
        raise ValueError("the run kept no real curves")
    measures = _shown(outcome.description.measures)
    verdict = textwrap.wrap(outcome.description.verdict, _CHARACTERS)
    below = 0.9 + _ROW * len(measures)
    height = 1.1 + 0.2 * len(verdict) + _CURVES + 0.9 + below
    figure = Figure(figsize=(_WIDTH, height), dpi=130, facecolor="white")
    title = f"{outcome.description.family.name}: generated beside real curves"
    write_heading(figure, _LEFT / _WIDTH, 1 - 0.5 / height, title, "", size=17)
    figure.text(
        _LEFT / _WIDTH,
        1 - 0.68 / height,
        "\n".join(verdict),
        fontsize=11.5,
        color=MUTED,
        va="top",
        linespacing=1.35,
    )
    bottom = (below + 0.75) / height
    panels = [
        figure.add_axes((left / _WIDTH, bottom, 3.75 / _WIDTH, _CURVES / height))
        for left in (_LEFT, _LEFT + 4.55, _LEFT + 9.1)
    ]
    _draw_curves(panels, outcome, outcome.held_out)
    measured = figure.add_axes((0, 0.25 / height, 1, (below - 0.25) / height))
    _draw_measures(measured, measures, outcome.description.quality)
    figure.savefig(path, format="png")


def _shown(measures: Sequence[Measure]) -> list[Measure]:
    """Returns the measures, but only the first of those that are of a class."""
    of_all = [measure for measure in measures if "[" not in measure.name]
    of_classes = [measure for measure in measures if "[" in measure.name]
    return of_all + of_classes[:_CLASSES]


def _draw_curves(panels: Sequence[Axes], outcome: Outcome, real: Float32Array) -> None:
    """Draws real curves, generated ones, and the bands of both, on the same axes."""
    n = min(N_DRAWN, len(real))
    titles = (f"{n} real curves, held out", f"{n} generated curves", "where 90 % are, and the mean")
    for axes, curves in zip(panels, (real[:n], outcome.curves[:n]), strict=False):
        draw_bundle(axes, outcome.x_grid, curves)
        outcome.frame(axes)
    draw_bands(panels[2], outcome, real)
    panels[2].legend(loc="best", frameon=False, labelcolor=INK)
    lows, highs = zip(*(axes.get_ylim() for axes in panels), strict=True)
    for axes, title in zip(panels, titles, strict=True):
        axes.set_ylim(min(lows), max(highs))
        axes.set_title(title, loc="left", fontsize=12, weight="bold", color=INK, pad=10)


def _draw_measures(axes: Axes, measures: Sequence[Measure], quality: dict[str, float]) -> None:
    """Draws a row for each measure: its bar starts where real curves stand."""
    axes.set_xlim(0, _WIDTH)
    axes.set_ylim(len(measures) - 0.4, -1.6)
    axes.set_axis_off()
    start, _ = _TRACK
    for column in _COLUMNS:
        _write(axes, -0.9, column, column)
    axes.text(start, -0.9, "as real curves", ha="center", va="center", fontsize=10, color=MUTED)
    axes.plot([6.0], [-0.9], "D", color=LOWER, markersize=6)
    axes.text(6.15, -0.9, "fitted Gaussian", va="center", fontsize=10, color=MUTED)
    axes.plot([7.75], [-0.9], "o", color=MUTED, markersize=6, fillstyle="none")
    axes.text(7.9, -0.9, "noisy copies", va="center", fontsize=10, color=MUTED)
    axes.plot([start, start], [-0.5, len(measures) - 0.5], color=INK, linewidth=1, zorder=1)
    for row, measure in enumerate(measures):
        axes.plot([_LEFT, 13.7], [row + 0.5] * 2, color=RULE, linewidth=0.8, zorder=0)
        _draw_row(axes, row, measure, quality[measure.name])


def _draw_row(axes: Axes, row: int, measure: Measure, value: float) -> None:
    axes.text(_LEFT, row, measure.label, va="center", fontsize=10.5, color=INK)
    scores = {"real": measure.floor, "Gaussian": measure.gaussian, "copies": measure.copies}
    _write(axes, row, "value", f"{value:{measure.format}}", color=INK, weight="bold")
    for column, score in scores.items():
        if score is not None:
            _write(axes, row, column, f"{score:{measure.format}}")
    if measure.low is None or measure.high is None or measure.gaussian is None:
        return
    interval = f"{measure.low:{measure.format}} to {measure.high:{measure.format}}"
    _write(axes, row, "90 % interval", interval, fontsize=9)
    _draw_bar(axes, row, measure, value, (measure.low, measure.high))


def _write(axes: Axes, row: float, column: str, text: str, **style: Any) -> None:
    """Writes a cell of the table, muted unless `style` says otherwise."""
    muted: dict[str, Any] = {"fontsize": 10, "color": MUTED}
    axes.text(_COLUMNS[column], row, text, ha="right", va="center", **(muted | style))


def _draw_bar(
    axes: Axes, row: int, measure: Measure, value: float, interval: tuple[float, float]
) -> None:
    """Draws how much worse than real curves a value is, and where the yardsticks stand."""
    start, end = _TRACK
    yardsticks = [score for score in (measure.gaussian, measure.copies) if score is not None]
    # Chance alone fills no more than a third of the track.
    chance = 1.5 * (interval[1] - interval[0])
    whole = max(chance, *(_worse(measure, score) for score in (value, *yardsticks))) or 1.0

    def at(score: float) -> float:
        return start + (end - start) * max(0.0, min(1.0, _worse(measure, score) / whole))

    axes.plot([start, end], [row, row], color=FAINT, linewidth=1, zorder=0)
    axes.barh(row, at(value) - start, height=0.5, left=start, color=UPPER, alpha=0.85, zorder=2)
    ends = [at(score) for score in interval]
    if measure.better == "nearer" and interval[0] <= (measure.floor or 0.0) <= interval[1]:
        ends.append(start)
    axes.plot([min(ends), max(ends)], [row, row], color=INK, linewidth=1.4, zorder=3)
    if measure.copies is not None:
        axes.plot(
            [at(measure.copies)], [row], "o", color=MUTED, markersize=6, fillstyle="none", zorder=4
        )
    if measure.gaussian is not None:
        axes.plot([at(measure.gaussian)], [row], "D", color=LOWER, markersize=6, zorder=4)


def _worse(measure: Measure, score: float) -> float:
    """Returns by how much a score is worse than that of real curves; below 0 if it is better."""
    floor = measure.floor or 0.0
    if measure.better == "lower":
        return score - floor
    return floor - score if measure.better == "higher" else abs(score - floor)
