"""Curves as a picture: each between the bounds of its family."""

from pathlib import Path

from matplotlib.figure import Figure

from curvegan.arrays import Float32Array, Float64Array
from curvegan.pictures.style import MUTED, Bounds, draw_bundle, frame_curves, style, write_heading


def draw_curves(
    path: Path,
    x_grid: Float64Array,
    curves: Float32Array,
    *,
    bounds: Bounds | None,
    title: str,
    subtitle: str,
    footnote: str = "",
) -> None:
    """Draws `curves`, float32 [n, n_points], over `x_grid`, float64 [n_points], into a PNG.

    `bounds` are the lowest and the highest y at each x, or None for a family without bounds.
    """
    with style():
        figure = Figure(figsize=(9, 5.6), dpi=160, facecolor="white")
        axes = figure.add_axes((0.075, 0.12, 0.9, 0.72))
        draw_bundle(axes, x_grid, curves)
        frame_curves(axes, x_grid, bounds)
        axes.margins(y=0.08)
        write_heading(figure, 0.075, 0.935, title, subtitle, size=16)
        figure.text(0.975, 0.025, footnote, fontsize=9, color=MUTED, ha="right")
        figure.savefig(path)
