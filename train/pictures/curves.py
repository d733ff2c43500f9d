"""curves.png: many curves, the bounds, and the histogram of a beside U(1, 2)."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from curvegan.pictures.style import (
    INK,
    LOWER,
    UPPER,
    draw_bundle,
    frame_curves,
    tidy,
    write_heading,
)
from train.pictures.outcome import N_DRAWN, Outcome


def draw_curves_into(outcome: Outcome, path: Path) -> None:
    """Draws the curves of a run, and how their a are distributed."""
    figure = Figure(figsize=(12, 5.4), dpi=130, facecolor="white")
    draw_curves(figure.add_axes((0.055, 0.12, 0.54, 0.7)), outcome)
    draw_a(figure.add_axes((0.66, 0.12, 0.32, 0.7)), outcome)
    training = outcome.description.training
    title = f"Recipe {training.recipe}, seed {training.seed}: {N_DRAWN} of its curves"
    write_heading(figure, 0.055, 0.93, title, outcome.quality)
    figure.savefig(path, format="png")


def draw_curves(axes: Axes, outcome: Outcome) -> None:
    """Draws curves between the bounds."""
    x_grid = outcome.x_grid
    draw_bundle(axes, x_grid, outcome.curves)
    frame_curves(axes, x_grid, outcome.bounds)
    axes.set_xticks([-1, -0.5, 0, 0.5, 1])
    axes.margins(y=0.08)


def draw_a(axes: Axes, outcome: Outcome) -> None:
    """Draws the histogram of a, beside the even one of the family."""
    axes.hist(
        # What is further out counts at the edges.
        np.clip(outcome.a, 0.85, 2.15),
        bins=np.linspace(0.85, 2.15, 53).tolist(),
        density=True,
        color=UPPER,
        alpha=0.75,
        label="generated curves",
    )
    axes.plot(
        [0.85, 1, 1, 2, 2, 2.15], [0, 0, 1, 1, 0, 0], color=LOWER, linewidth=2, label="U(1, 2)"
    )
    # Above the bars, however high they are.
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), frameon=False, ncols=2, labelcolor=INK)
    axes.set_xlim(0.85, 2.15)
    tidy(axes, "a of the nearest curve of the family", "density")
