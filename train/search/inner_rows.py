"""A table's training rows, split once more: trials learn most of them, and are chosen by the rest.

The settings that come nearest to the very rows that they learn would be those that learn them by
heart. The rows that are held out of the training judge what is published, so they can't choose.
"""

from typing import Any, cast

import numpy as np
import torch

from curvegan.arrays import Float32Array, Int64Array
from curvegan.errors import CurveganError
from curvegan.repository.description import Measure
from train.data.source import Source
from train.quality.distributions import energy_distance
from train.quality.measures import Measures
from train.quality.samples import Reference, curves_a_side

# The share of the training rows that choose, and how few are too few.
_SHARE = 1 / 5
_LEAST = 10
ENERGY_TO_INNER = Measure("energy_to_inner", "energy distance to inner rows", "lower")


class _InnerRows:
    """A source whose rows are those of another with the numbers `training`, int64 [n_rows], and
    whose held-out curves are its rows `chosen_by`, int64 [n]. All else is the other's."""

    def __init__(self, source: Source, training: torch.Tensor, chosen_by: torch.Tensor) -> None:
        self._source, self._training, self._chosen_by = source, training, chosen_by
        self.n_rows = len(training)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # While it is being unpickled it has no other source yet.
            raise AttributeError(name)
        return getattr(self._source, name)

    def rows(self, numbers: torch.Tensor) -> torch.Tensor:
        return self._source.rows(self._training[numbers])

    def classes(self, numbers: torch.Tensor) -> torch.Tensor:
        return self._source.classes(self._training[numbers])

    def held_out(self, n: int) -> tuple[Float32Array, Int64Array]:
        numbers = self._chosen_by[:n]
        return self._source.rows(numbers).numpy(), self._source.classes(numbers).numpy()


def inner_split(source: Source, seed: int) -> tuple[Source, Measures]:
    """Returns what trials learn of a table, and the measure by which they are chosen.

    Raises CurveganError if the table is too small for that.
    """
    n = min(int(source.n_rows * _SHARE), curves_a_side(source.n_points))
    if n < _LEAST:
        raise CurveganError(
            f"{source.n_rows} curves to train on are too few for a search, which is decided by a "
            f"fifth of them: give at least {int(_LEAST / _SHARE)}, or train without a search"
        )
    order = torch.from_numpy(np.random.default_rng(seed).permutation(source.n_rows))
    # A protocol does not see what __getattr__ passes on.
    inner = cast(Source, _InnerRows(source, order[n:], order[:n]))
    return inner, Measures({ENERGY_TO_INNER: _energy_to_inner})


def _energy_to_inner(curves: Float32Array, source: Source) -> float:
    some = curves[: curves_a_side(source.n_points)]
    return energy_distance(Reference.of(source).beside_held_out(some))
