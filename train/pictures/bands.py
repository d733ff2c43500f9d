"""Real and generated curves over each other: where nine in ten of them are, and their means."""

import numpy as np
from matplotlib.axes import Axes

from curvegan.arrays import Float32Array, Float64Array
from curvegan.pictures.style import INK, LOWER, UPPER
from train.pictures.histogram import draw_histogram
from train.pictures.outcome import Outcome

# In percent: nine in ten curves are between these.
_BAND = (5, 95)


def draw_distribution(axes: Axes, outcome: Outcome) -> None:
    """Draws how a family's first parameter is distributed, or else where its curves are; nothing if
    neither is known."""
    if outcome.parameters:
        draw_histogram(axes, outcome)
    elif outcome.held_out is not None:
        draw_bands(axes, outcome, outcome.held_out)
    else:
        axes.set_axis_off()


def draw_bands(axes: Axes, outcome: Outcome, real: Float32Array) -> None:
    """Draws the bands of `real` curves, float32 [n, n_points], and of generated ones."""
    draw_band(axes, outcome.x_grid, real, LOWER, "real")
    draw_band(axes, outcome.x_grid, outcome.measured, UPPER, "generated")
    outcome.frame(axes, with_bounds=False)
    # Above the curves, however high they are.
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), frameon=False, ncols=2, labelcolor=INK)
    axes.margins(y=0.08)


def draw_band(
    axes: Axes, x_grid: Float64Array, curves: Float32Array, colour: str, label: str
) -> None:
    """Draws where nine in ten of `curves`, float32 [n, n_points], are at each x, and their mean."""
    low, high = np.percentile(curves, _BAND, axis=0)
    axes.fill_between(x_grid, low, high, color=colour, alpha=0.18, linewidth=0)
    for edge in (low, high):
        axes.plot(x_grid, edge, color=colour, linewidth=0.9, alpha=0.7)
    mean = curves.mean(axis=0, dtype=np.float64)
    axes.plot(x_grid, mean, color=colour, linewidth=2.2, label=label)
