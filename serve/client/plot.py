"""Curves as a picture: each between the bounds of its family."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from serve.arrays import Float32Array, Float64Array

_INK = "#24292f"
_MUTED = "#6e7781"
_UPPER = "#1f77b4"
_LOWER = "#d9541e"


def draw_curves(
    path: Path,
    x_grid: Float64Array,
    curves: Float32Array,
    *,
    bounds: tuple[Float64Array, Float64Array] | None,
    title: str,
    subtitle: str,
    footnote: str = "",
) -> None:
    """Draws `curves`, float32 [n, n_points], over `x_grid`, float64 [n_points], into a PNG.

    `bounds` are the lowest and the highest y at each x, or None for a family without bounds.
    """
    with mpl.rc_context({"font.family": "DejaVu Sans", "font.size": 11, "text.color": _INK}):
        figure = Figure(figsize=(9, 5.6), dpi=160, facecolor="white")
        axes = figure.add_axes((0.075, 0.12, 0.9, 0.72))
        _draw_lines(axes, x_grid, curves)
        if bounds:
            lower, upper = bounds
            axes.fill_between(x_grid, lower, upper, color="#f1f3f5", zorder=0, linewidth=0)
            axes.plot(x_grid, upper, color=_UPPER, linewidth=2.6, label="upper bound")
            axes.plot(x_grid, lower, color=_LOWER, linewidth=2.6, label="lower bound")
            axes.legend(loc="upper center", frameon=False, ncols=2, labelcolor=_INK)
        _tidy(axes, x_grid)
        figure.text(0.075, 0.935, title, fontsize=16, weight="bold")
        figure.text(0.075, 0.885, subtitle, fontsize=10.5, color=_MUTED)
        figure.text(0.975, 0.025, footnote, fontsize=9, color=_MUTED, ha="right")
        figure.savefig(path)


def _draw_lines(axes: mpl.axes.Axes, x_grid: Float64Array, curves: Float32Array) -> None:
    # Coloured by height, so that one curve can be followed through the bundle.
    heights = curves.mean(axis=1)
    spread = float(np.ptp(heights)) or 1.0
    colours = mpl.colormaps["viridis"](0.08 + 0.84 * (heights - heights.min()) / spread)
    width = float(np.clip(12 / np.sqrt(len(curves)), 0.4, 2.2))
    for curve, colour in zip(curves, colours, strict=True):
        axes.plot(x_grid, curve, color=colour, linewidth=width, alpha=0.85)


def _tidy(axes: mpl.axes.Axes, x_grid: Float64Array) -> None:
    axes.set_xlim(float(x_grid[0]), float(x_grid[-1]))
    axes.margins(y=0.08)
    axes.set_xlabel("x", color=_MUTED)
    axes.set_ylabel("y", color=_MUTED, rotation=0, labelpad=12)
    axes.tick_params(colors=_MUTED, length=3)
    axes.grid(color="#e6e8eb", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#d0d7de")
