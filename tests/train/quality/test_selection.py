"""The best of a population whose family has no measures of its own."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.train.sources import ArraySource
from train.quality.measures import Measures
from train.quality.selection import measure_held_out


class Shifted(nn.Module):
    """Makes noise, so many above that of the training."""

    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = by

    def forward(self, noise: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        return noise + self.by + (0 if labels is None else labels.unsqueeze(1))


def source(**labelled: object) -> ArraySource:
    rows = np.random.default_rng(0).standard_normal((400, 4))
    return ArraySource(rows, rows[:0], **labelled)


def test_it_is_the_nearest_to_training_rows_and_needs_no_held_out_ones():
    generators = [Shifted(0.5), Shifted(0.0), Shifted(float("nan")), Shifted(-2.0)]
    qualities = measure_held_out(generators, 4, source(), Measures({}))
    assert qualities[2] is None
    far, near, further = (qualities[number]["energy_to_training"] for number in (0, 1, 3))
    assert abs(near) < far < further


def test_labels_are_drawn_as_often_as_in_training_rows():
    classes = (np.arange(400) % 4 == 0).astype(np.int64)
    real = source(labels=("low", "high"), training_classes=classes)
    shifted = ArraySource(real.training + classes[:, np.newaxis], real.test, real.labels, classes)
    (right,) = measure_held_out([Shifted(0.0)], 4, shifted, Measures({}))
    (wrong,) = measure_held_out([Shifted(0.0)], 4, real, Measures({}))
    assert right["energy_to_training"] == pytest.approx(0, abs=0.01)
    assert wrong["energy_to_training"] > 0.02
