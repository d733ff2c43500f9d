"""The histogram of one number of each curve, beside the distribution of the real curves."""

import numpy as np
from matplotlib.axes import Axes

from curvegan.pictures.style import INK, LOWER, UPPER, tidy
from train.pictures.outcome import Outcome

_BINS = 52


def draw_histogram(axes: Axes, outcome: Outcome) -> None:
    """Draws how the feature of the measures is distributed."""
    feature = outcome.feature
    axes.hist(
        # What is further out counts at the edges.
        np.clip(outcome.values, *feature.limits),
        bins=np.linspace(*feature.limits, _BINS + 1).tolist(),
        density=True,
        color=UPPER,
        alpha=0.75,
        label="generated curves",
    )
    real = np.array(feature.real_density)
    axes.plot(real[:, 0], real[:, 1], color=LOWER, linewidth=2, label=feature.real_label)
    # Above the bars, however high they are.
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), frameon=False, ncols=2, labelcolor=INK)
    axes.set_xlim(*feature.limits)
    tidy(axes, feature.label, "density")
