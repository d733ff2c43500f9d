"""curves.png: many curves, the bounds, and a histogram beside that of the real curves."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from curvegan.pictures.style import draw_bundle, frame_curves, write_heading
from train.pictures.histogram import draw_histogram
from train.pictures.outcome import N_DRAWN, Outcome


def draw_curves_into(outcome: Outcome, path: Path) -> None:
    """Draws the curves of a run, and how a number of each is distributed."""
    figure = Figure(figsize=(12, 5.4), dpi=130, facecolor="white")
    draw_curves(figure.add_axes((0.055, 0.12, 0.54, 0.7)), outcome)
    draw_histogram(figure.add_axes((0.66, 0.12, 0.32, 0.7)), outcome)
    training = outcome.description.training
    title = f"Recipe {training.recipe}, seed {training.seed}: {N_DRAWN} of its curves"
    write_heading(figure, 0.055, 0.93, title, outcome.quality)
    figure.savefig(path, format="png")


def draw_curves(axes: Axes, outcome: Outcome) -> None:
    """Draws curves between the bounds."""
    x_grid = outcome.x_grid
    draw_bundle(axes, x_grid, outcome.curves)
    frame_curves(axes, x_grid, outcome.bounds)
    axes.set_xticks(outcome.x_ticks)
    axes.margins(y=0.08)
