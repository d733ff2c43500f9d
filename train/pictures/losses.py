"""losses.png: D accuracy and D score over the training."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from curvegan.pictures.style import FAINT, INK, LOWER, UPPER, tidy, write_heading
from train.pictures.outcome import Outcome

# What both come to when D can't tell generated curves from real ones.
EVEN_D_REAL = 0.5
EVEN_SCORE = -2 * np.log(2)


def draw_losses_into(outcome: Outcome, path: Path) -> None:
    """Draws the reports of a training; the other GANs of a population stand in grey behind."""
    figure = Figure(figsize=(12, 4.8), dpi=130, facecolor="white")
    draw_d_real(figure.add_axes((0.075, 0.13, 0.4, 0.68)), outcome)
    draw_score(figure.add_axes((0.575, 0.13, 0.4, 0.68)), outcome)
    training = outcome.description.training
    title = f"Recipe {training.recipe}, seed {training.seed}: the game, step by step"
    note = "dashed: where D can no longer tell generated curves from real ones"
    write_heading(figure, 0.075, 0.93, title, note)
    figure.savefig(path, format="png")


def draw_d_real(axes: Axes, outcome: Outcome) -> None:
    """Draws the mean D(x) of real curves over the steps."""
    values = np.array([report.d_real for report in outcome.history.reports])
    _draw(axes, outcome, values, EVEN_D_REAL, UPPER, "D accuracy: mean D(x)")


def draw_score(axes: Axes, outcome: Outcome) -> None:
    """Draws -D_loss over the steps."""
    values = np.array([report.score for report in outcome.history.reports])
    _draw(axes, outcome, values, EVEN_SCORE, LOWER, "D score: -D_loss")


def _draw(
    axes: Axes, outcome: Outcome, values: np.ndarray, even: float, colour: str, label: str
) -> None:
    steps = [report.step for report in outcome.history.reports]
    for number in range(values.shape[1]):
        if number != outcome.member:
            axes.plot(steps, values[:, number], color=FAINT, linewidth=0.8)
    axes.axhline(even, color=INK, linewidth=1, linestyle="--")
    marker = "o" if len(steps) == 1 else ""
    axes.plot(steps, values[:, outcome.member], color=colour, linewidth=1.4, marker=marker)
    axes.set_xlim(0, steps[-1])
    tidy(axes, "step", label)
