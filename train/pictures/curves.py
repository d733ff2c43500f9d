"""curves.png: many curves, the bounds, and how they are distributed beside real curves."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from curvegan.pictures.style import draw_bundle, write_heading
from train.pictures.bands import draw_distribution
from train.pictures.outcome import N_DRAWN, Outcome


def draw_curves_into(outcome: Outcome, path: Path) -> None:
    """Draws the curves of a run, and how they are distributed."""
    figure = Figure(figsize=(12, 5.4), dpi=130, facecolor="white")
    draw_curves(figure.add_axes((0.055, 0.12, 0.54, 0.7)), outcome)
    draw_distribution(figure.add_axes((0.66, 0.12, 0.32, 0.7)), outcome)
    training = outcome.description.training
    title = f"Recipe {training.recipe}, seed {training.seed}: {N_DRAWN} of its curves"
    write_heading(figure, 0.055, 0.93, title, outcome.quality)
    figure.savefig(path, format="png")


def draw_curves(axes: Axes, outcome: Outcome) -> None:
    """Draws curves, between the bounds if there are any."""
    draw_bundle(axes, outcome.x_grid, outcome.curves)
    outcome.frame(axes)
    axes.margins(y=0.08)
