"""Curves as a picture: each between the bounds of its family."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend

from curvegan.arrays import Float32Array, Float64Array
from curvegan.pictures.style import (
    INK,
    MUTED,
    Bounds,
    draw_bundle,
    frame_curves,
    name_points,
    style,
    write_heading,
)


def draw_curves(
    path: Path,
    x_grid: Float64Array,
    curves: Float32Array,
    *,
    bounds: Bounds | None,
    title: str,
    subtitle: str,
    footnote: str = "",
    x_label: str = "x",
    y_label: str = "y",
    point_names: Sequence[str] = (),
    labels: Sequence[str] = (),
) -> None:
    """Draws `curves`, float32 [n, n_points], over `x_grid`, float64 [n_points], into a PNG.

    `bounds` are the lowest and the highest y at each x, or None for a family without bounds.
    `point_names`, [n_points], stand for the values of x where they are given. Curves of several
    classes, `labels`, [n], have a colour each.
    """
    with style():
        figure = Figure(figsize=(9, 5.6), dpi=160, facecolor="white")
        axes = figure.add_axes((0.075, 0.12, 0.9, 0.72))
        if len(set(labels)) > 1:
            _draw_classes(axes, x_grid, curves, labels)
        else:
            draw_bundle(axes, x_grid, curves)
        frame_curves(axes, x_grid, bounds, x_label=x_label, y_label=y_label)
        if point_names:
            name_points(axes, x_grid, point_names)
        axes.margins(y=0.08)
        write_heading(figure, 0.075, 0.935, title, subtitle, size=16)
        figure.text(0.975, 0.025, footnote, fontsize=9, color=MUTED, ha="right")
        with warnings.catch_warnings():
            # Of letters that no font has: the rest of a name is still worth its picture.
            warnings.simplefilter("ignore", UserWarning)
            figure.savefig(path)


def _draw_classes(
    axes: Axes, x_grid: Float64Array, curves: Float32Array, labels: Sequence[str]
) -> None:
    names = list(dict.fromkeys(labels))
    colours = mpl.colormaps["viridis"](np.linspace(0.05, 0.9, len(names)))
    width = float(np.clip(12 / np.sqrt(len(curves)), 0.4, 2.2))
    classes = np.array(labels)
    handles = []
    for name, colour in zip(names, colours, strict=True):
        of_class = curves[classes == name].T
        handles += axes.plot(x_grid, of_class, color=colour, linewidth=width, alpha=0.85)[:1]
    columns = -(-len(names) // 8)
    # Not the legend of the axes, which names the bounds.
    axes.add_artist(Legend(axes, handles, names, frameon=False, labelcolor=INK, ncols=columns))
