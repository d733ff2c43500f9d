"""The histogram of a family's parameter, beside the distribution that real curves have."""

import numpy as np
from matplotlib.axes import Axes

from curvegan.pictures.style import INK, LOWER, UPPER, tidy
from train.pictures.outcome import Outcome

_BINS = 52
# How much of its range is drawn on either side of it.
_MARGIN = 0.15


def draw_histogram(axes: Axes, outcome: Outcome) -> None:
    """Draws how the first parameter of the family is distributed."""
    parameter = outcome.parameters[0]
    low, high = parameter.low, parameter.high
    margin = _MARGIN * (high - low)
    left, right = low - margin, high + margin
    axes.hist(
        # What is further out counts at the edges.
        np.clip(parameter.of(outcome.measured), left, right),
        bins=np.linspace(left, right, _BINS + 1).tolist(),
        density=True,
        color=UPPER,
        alpha=0.75,
        label="generated curves",
    )
    density = 1 / (high - low)
    axes.plot(
        [left, low, low, high, high, right],
        [0, 0, density, density, 0, 0],
        color=LOWER,
        linewidth=2,
        label=f"U({low:g}, {high:g})",
    )
    # Above the bars, however high they are.
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), frameon=False, ncols=2, labelcolor=INK)
    axes.set_xlim(left, right)
    tidy(axes, f"{parameter.name} of the nearest curve of the family", "density")
