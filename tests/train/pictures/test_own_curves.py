"""Pictures of curves without bounds and parameters, on any grid, with units and names."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from curvegan.pictures.style import style
from curvegan.repository.description import Description, Family, Measure, Training
from train.gan.loop import Report
from train.pictures.curves import draw_curves_into
from train.pictures.learning import draw_learning_into
from train.pictures.losses import draw_losses_into
from train.pictures.outcome import Outcome
from train.pictures.quality import _draw_bar, draw_quality_into
from train.run.history import History

ENERGY = Measure(
    "energy_distance", "energy distance", "lower", 0.0, gaussian=0.1, copies=0.01, low=0, high=0.03
)
ALONE = Measure("own", "own", "higher")


def outcome(n_points: int = 24, **family: object) -> Outcome:
    rng = np.random.default_rng(0)
    curves = rng.normal(50_000, 3, (200, n_points)).astype(np.float32)
    description = Description(
        Family("loads", **family),
        np.geomspace(1, 1000, n_points).tolist(),
        5,
        "",
        Training("curves", {}, 1, "cpu", 1.0, 0.5, -1.4),
        {"own": 0.5, "energy_distance": 0.02, "energy_distance[a]": 0.02},
        {},
        {},
        [ALONE, ENERGY, replace(ENERGY, name="energy_distance[a]")],
        "A verdict that is longer than a line: " + "word " * 50,
    )
    frames = [(step, torch.from_numpy(curves[None, :16])) for step in (0, 50)]
    history = History([Report(50, [0.5], [-1.4])], frames)
    return Outcome("run", description, history, 0, curves, [], curves[:50])


def axes_of(of: Outcome) -> Axes:
    axes = Figure().add_axes((0.1, 0.1, 0.8, 0.8))
    axes.plot(of.x_grid, of.curves[0])
    of.frame(axes)
    axes.figure.draw_without_rendering()
    return axes


@pytest.mark.parametrize(
    "draw", [draw_curves_into, draw_losses_into, draw_quality_into, draw_learning_into]
)
@pytest.mark.parametrize("n_points", [2, 24, 400])
def test_curves_of_any_length_are_drawn(
    draw: Callable[[Outcome, Path], None], n_points: int, tmp_path: Path
):
    names = [f"column {number}" for number in range(n_points)]
    with style():
        draw(outcome(n_points, units="kW", x_name="hour", point_names=names), tmp_path / "picture")
    with Image.open(tmp_path / "picture") as picture:
        assert min(picture.size) >= 400
        assert len(np.unique(np.asarray(picture.convert("L")))) > 10


def test_axes_are_called_what_the_user_calls_them():
    axes = axes_of(outcome(units="kW", x_name="hour"))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("hour", "kW")
    plain = axes_of(outcome())
    assert (plain.get_xlabel(), plain.get_ylabel()) == ("x", "y")


def test_names_of_points_are_evenly_spaced_and_keep_their_ends():
    of = outcome(point_names=[f"a very long name {number:02}" for number in range(24)])
    axes = axes_of(of)
    names = [text.get_text() for text in axes.get_xticklabels()]
    assert [name[-2:] for name in names] == ["00", "08", "16"]
    assert axes.get_xticks().tolist() == of.x_grid[[0, 8, 16]].tolist()


def test_values_far_from_0_are_written_in_full():
    axes = axes_of(outcome())
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert all(label.startswith(("4999", "5000")) for label in labels)
    assert axes.yaxis.get_offset_text().get_text() == ""


def test_a_bar_is_as_long_as_a_value_is_worse_than_that_of_real_curves():
    axes = Figure().add_axes((0, 0, 1, 1))
    _draw_bar(axes, 0, ENERGY, 0.02, (0.01, 0.03))
    (bar,) = axes.patches
    gaussian = axes.lines[-1].get_xdata()[0]
    assert bar.get_width() / (gaussian - bar.get_x()) == pytest.approx(0.2)


def test_a_run_without_real_curves_says_so(tmp_path: Path):
    with pytest.raises(ValueError, match="kept no real curves"):
        draw_quality_into(replace(outcome(), held_out=None), tmp_path / "quality.png")
