"""learning.gif: curves that find their way to where real ones are, as in the tutorial."""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from curvegan.pictures.style import INK, LOWER, MUTED
from train.gan.loop import Report
from train.pictures.bands import draw_band
from train.pictures.outcome import Outcome

_MILLISECONDS = 70
_LAST_MILLISECONDS = 3000
_COLOURS = 48


def draw_learning_into(outcome: Outcome, path: Path) -> None:
    """Draws the frames of a training as an animation. Raises ValueError if it took none."""
    frames = outcome.history.frames
    if not frames:
        raise ValueError("the run took no frames (--no-pictures)")
    reports = {report.step: report for report in outcome.history.reports}
    scene = _Scene(outcome)
    images = [
        scene.draw(step, curves[outcome.member].numpy(), reports.get(step))
        for step, curves in frames
    ]
    # One palette for all, so that what stands still is the same in each frame. The curves of the
    # first or the last frame may be out of sight.
    both = Image.new("RGB", (2 * images[0].width, images[0].height))
    both.paste(images[0])
    both.paste(images[-1], (images[0].width, 0))
    palette = both.quantize(_COLOURS)
    first, *others = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    durations = [_MILLISECONDS] * len(others) + [_LAST_MILLISECONDS]
    first.save(path, format="GIF", save_all=True, append_images=others, duration=durations, loop=0)


def _limits(outcome: Outcome) -> tuple[float, float]:
    """Returns where the y axis starts and ends: there is room below for the legend, and above."""
    real = outcome.curves if outcome.held_out is None else outcome.held_out
    lower, upper = outcome.bounds or (real, real)
    lowest, highest = float(lower.min()), float(upper.max())
    height = highest - lowest
    return lowest - 0.25 * height, highest + 0.15 * height


class _Scene:
    """The picture that all frames share; a frame draws only what moves."""

    def __init__(self, outcome: Outcome) -> None:
        self._x_grid = outcome.x_grid
        self._member = outcome.member
        figure = Figure(figsize=(6.4, 4.4), dpi=100, facecolor="white")
        self._canvas = FigureCanvasAgg(figure)
        self._axes = figure.add_axes((0.08, 0.12, 0.89, 0.72))
        if outcome.bounds is None and outcome.held_out is not None:
            draw_band(self._axes, self._x_grid, outcome.held_out, LOWER, "real curves")
            self._axes.legend(loc="lower center", frameon=False, labelcolor=INK)
        outcome.frame(self._axes, legend_at="lower center")
        self._axes.set_ylim(*_limits(outcome))
        training = outcome.description.training
        title = (
            f"A GAN learns {outcome.description.family.name}: "
            f"recipe {training.recipe}, seed {training.seed}"
        )
        figure.text(0.08, 0.93, title, fontsize=12, weight="bold")
        self._text = figure.text(0.08, 0.875, "", fontsize=10, color=MUTED)
        n_curves = outcome.history.frames[0][1].shape[1]
        self._lines = [
            self._axes.plot([], [], color="#2da44e", linewidth=0.9, alpha=0.45)[0]
            for _ in range(n_curves - 1)
        ]
        self._lines += self._axes.plot([], [], color="#116329", linewidth=2.8)
        for artist in (*self._lines, self._text):
            artist.set_animated(True)
        self._canvas.draw()  # type: ignore[no-untyped-call]
        self._background = self._canvas.copy_from_bbox(figure.bbox)  # type: ignore[no-untyped-call]

    def draw(self, step: int, curves: np.ndarray, report: Report | None) -> Image.Image:
        """Returns the frame after `step`, with float32 [n_curves, n_points]; the first curve
        stands in front."""
        self._canvas.restore_region(self._background)  # type: ignore[no-untyped-call]
        text = f"step {step:,}"
        if report:
            d_real, score = report.d_real[self._member], report.score[self._member]
            text += f"     D accuracy {d_real:.2f} (0.50)     D score {score:.2f} (-1.39)"
        self._text.set_text(text)
        for line, curve in zip(self._lines, curves[::-1], strict=True):
            line.set_data(self._x_grid, curve)
            self._axes.draw_artist(line)
        self._axes.draw_artist(self._text)
        pixels = self._canvas.buffer_rgba()  # type: ignore[no-untyped-call]
        return Image.fromarray(np.asarray(pixels)).convert("RGB")
