"""search.png: how the trials of a search did, step by step and in the end."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from curvegan.pictures.style import FAINT, INK, LOWER, MUTED, UPPER, tidy, write_heading
from train.search.records import TrialResult
from train.search.space import written

# Trials that have a line with what they change; more could not be read.
_LISTED = 12


def draw_search_into(results: Sequence[TrialResult], path: Path) -> None:
    """Draws the scores of trials, the best of which comes first, over their steps, and a list."""
    figure = Figure(figsize=(15, 5.6), dpi=110, facecolor="white")
    _draw_courses(figure.add_axes((0.08, 0.12, 0.38, 0.68)), results)
    listed = [result for result in results if result.score is not None][:_LISTED]
    _draw_list(figure.add_axes((0.74, 0.12, 0.24, 0.68)), listed, results[0])
    steps = sum(result.steps for result in results)
    title = f"{len(results)} trials, {steps:,} steps"
    note = "how far the best GAN of a trial is from the real curves: less is better"
    write_heading(figure, 0.08, 0.93, title, note)
    figure.savefig(path, format="png")


def _colour(result: TrialResult, best: TrialResult) -> str:
    if result is best:
        return UPPER
    return LOWER if not result.number else MUTED if result.state == "whole" else FAINT


def _draw_courses(axes: Axes, results: Sequence[TrialResult]) -> None:
    """Draws the score of each trial after each part of its training; the best lies on top."""
    best = results[0]
    names = {best.number: "published"} | {0: "the recipe as it is"}
    for result in reversed(results):
        points = [point for point in result.points if point.score]
        colour, is_named = _colour(result, best), result.number in names
        axes.plot(
            [point.steps for point in points],
            [point.score or 0.0 for point in points],
            color=colour,
            linewidth=2.4 if is_named else 1,
            marker="o" if is_named else ".",
            markersize=4,
            label=names.get(result.number),
        )
    scores = [point.score for result in results for point in result.points if point.score]
    if min(scores) > 0:
        axes.set_yscale("log")
    else:  # An energy distance may be a little below 0.
        axes.set_yscale("symlog", linthresh=max(scores) / 100)
    tidy(axes, "step", "score")
    axes.tick_params(which="both", colors=MUTED)
    axes.legend(frameon=False, labelcolor=INK)


def _draw_list(axes: Axes, results: Sequence[TrialResult], best: TrialResult) -> None:
    """Draws the last score of each trial, and what it changed."""
    for row, result in enumerate(results):
        axes.plot([result.score or 0.0], [row], "o", color=_colour(result, best), markersize=7)
    axes.set_yticks(range(len(results)), [written(result.changes) for result in results])
    axes.invert_yaxis()
    tidy(axes, "last score", "")
    axes.tick_params(axis="y", labelsize=8.5)
