"""Two runs beside each other: their curves, how these are distributed, and how D's score went."""

from pathlib import Path

from matplotlib.figure import Figure

from curvegan.pictures.style import write_heading
from train.pictures.bands import draw_distribution
from train.pictures.curves import draw_curves
from train.pictures.losses import draw_score
from train.pictures.outcome import Outcome


def draw_comparison_into(one: Outcome, other: Outcome, path: Path) -> None:
    """Draws a row for each run."""
    figure = Figure(figsize=(15, 9), dpi=110, facecolor="white")
    for row, outcome in enumerate((one, other)):
        bottom = 0.56 - 0.5 * row
        write_heading(figure, 0.04, bottom + 0.39, outcome.name, outcome.quality, size=14)
        draw_curves(figure.add_axes((0.04, bottom, 0.33, 0.34)), outcome)
        draw_distribution(figure.add_axes((0.42, bottom, 0.25, 0.34)), outcome)
        draw_score(figure.add_axes((0.73, bottom, 0.25, 0.34)), outcome)
    figure.savefig(path, format="png")
