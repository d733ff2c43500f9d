"""How the project's pictures look: colours, headings, axes, curves between their bounds."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from curvegan.arrays import Float32Array, Float64Array

INK = "#24292f"
MUTED = "#6e7781"
UPPER = "#1f77b4"
LOWER = "#d9541e"
BAND = "#f1f3f5"
RULE = "#e6e8eb"
FAINT = "#d0d7de"

# Names of points are cut to so many characters, and all of them may have so many.
_NAME_CHARACTERS = 12
_AXIS_CHARACTERS = 48
# Up to so many characters fit in the middle of the first and the last tick.
_SHORT_CHARACTERS = 8

Bounds = tuple[Float64Array, Float64Array]
LegendPlace = Literal["upper center", "lower center"]


def style() -> AbstractContextManager[None]:
    """Returns a context in which pictures have the project's fonts and colours."""
    return mpl.rc_context({"font.family": "DejaVu Sans", "font.size": 11, "text.color": INK})


def write_heading(
    figure: Figure, x: float, y: float, title: str, note: str, size: float = 15
) -> None:
    """Writes a title of `size` points and a note below it; (x, y) is where the title starts, as
    fractions of the figure."""
    figure.text(x, y, title, fontsize=size, weight="bold")
    # Counted in points, so that both stand equally close in figures of all heights.
    gap = 1.4 * size / 72
    figure.text(x, y - gap / figure.get_figheight(), note, fontsize=10.5, color=MUTED)


def draw_bundle(axes: Axes, x_grid: Float64Array, curves: Float32Array) -> None:
    """Draws `curves`, float32 [n, n_points], over `x_grid`, float64 [n_points]."""
    # Coloured by height, so that one curve can be followed through the bundle.
    heights = curves.mean(axis=1)
    spread = float(np.ptp(heights)) or 1.0
    colours = mpl.colormaps["viridis"](0.08 + 0.84 * (heights - heights.min()) / spread)
    width = float(np.clip(12 / np.sqrt(len(curves)), 0.4, 2.2))
    for curve, colour in zip(curves, colours, strict=True):
        axes.plot(x_grid, curve, color=colour, linewidth=width, alpha=0.85)


def frame_curves(
    axes: Axes,
    x_grid: Float64Array,
    bounds: Bounds | None,
    legend_at: LegendPlace = "upper center",
    x_label: str = "x",
    y_label: str = "y",
) -> None:
    """Draws the bounds of curves over `x_grid`, float64 [n_points], if they have any, and axes.

    `bounds` are the lowest and the highest y at each x, float64 [n_points] each.
    """
    if bounds:
        lower, upper = bounds
        axes.fill_between(x_grid, lower, upper, color=BAND, zorder=0, linewidth=0)
        axes.plot(x_grid, upper, color=UPPER, linewidth=2.6, label="upper bound")
        axes.plot(x_grid, lower, color=LOWER, linewidth=2.6, label="lower bound")
        axes.legend(loc=legend_at, frameon=False, ncols=2, labelcolor=INK)
    axes.set_xlim(float(x_grid[0]), float(x_grid[-1]))
    tidy(axes, x_label, y_label)


def name_points(axes: Axes, x_grid: Float64Array, point_names: Sequence[str]) -> None:
    """Labels the x axis with what people call the points, [n_points], as far as there is room; with
    round values of x if they have no names, or there is only one."""
    if len(point_names) < 2:
        axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        return
    width = min(max(map(len, point_names)), _NAME_CHARACTERS)
    n_names = max(2, _AXIS_CHARACTERS // (width + 2))
    # Evenly spaced, from the first one on.
    shown = range(0, len(point_names), -(-len(point_names) // n_names))
    names = [_shortened(point_names[number]) for number in shown]
    axes.set_xticks(x_grid[list(shown)], names)
    if width <= _SHORT_CHARACTERS:
        return
    axes.get_xticklabels()[0].set_horizontalalignment("left")
    if shown[-1] == len(point_names) - 1:
        axes.get_xticklabels()[-1].set_horizontalalignment("right")


def _shortened(name: str) -> str:
    # Names of columns differ at their end.
    return name if len(name) <= _NAME_CHARACTERS else f"…{name[1 - _NAME_CHARACTERS :]}"


def write_in_full(axes: Axes) -> None:
    """Labels the y axis with whole values, where matplotlib would set apart what they share."""
    axes.yaxis.set_major_formatter(lambda y, _: f"{y:.7g}".replace("-", "\N{MINUS SIGN}"))


def tidy(axes: Axes, x_label: str, y_label: str) -> None:
    """Labels the axes and takes away what does not inform."""
    axes.set_xlabel(x_label, color=MUTED)
    axes.set_ylabel(y_label, color=MUTED, rotation=0 if len(y_label) < 2 else 90, labelpad=10)
    axes.tick_params(colors=MUTED, length=3)
    axes.grid(color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)
