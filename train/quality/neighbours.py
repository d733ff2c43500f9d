"""Whether each real curve has generated ones nearby and the other way round, and whether those of
the training were learnt by heart.

Nearest neighbours find copies; that they find none proves nothing more.
"""

import numpy as np

from curvegan.arrays import Float64Array
from train.quality.samples import NotMeasuredError, Sample, nearest

# Nearby is what is no further than this neighbour among held-out curves.
_NEIGHBOUR = 5

# Subsets of the training rows that are as many as the held-out ones.
_SUBSETS = 5

# What counts as the same curve, in units of a point's spread.
_SAME = 1e-3

# What counts as a near duplicate: as near to a training row as only this share of held-out curves.
_NEAR = 0.01


def coverage(sample: Sample) -> float:
    """Returns the share of held-out curves that have a judged one nearby."""
    return float((sample.between.min(axis=0) <= _reach(sample)).mean())


def precision(sample: Sample) -> float:
    """Returns the share of judged curves that are nearby a held-out one."""
    return float((sample.between <= _reach(sample)).any(axis=1).mean())


def neighbour_ratio(sample: Sample) -> float:
    """Returns the median distance of judged curves to the nearest training row, over that to the
    nearest held-out one, of as many of each."""
    to_held_out = float(np.median(sample.between.min(axis=1)))
    if to_held_out <= _SAME:
        raise NotMeasuredError("half of the curves equal a held-out one")
    to_training = [np.median(nearest(sample.judged, rows)) for rows in _subsets(sample, _SUBSETS)]
    return float(np.mean(to_training)) / to_held_out


def exact_duplicates(sample: Sample) -> float:
    """Returns the share of judged curves that equal a training row to a thousandth of the
    spread."""
    return float((sample.judged_to_training <= _SAME).mean())


def near_duplicates(sample: Sample) -> float:
    """Returns the share of judged curves that are as near to a training row as only one in a
    hundred held-out curves."""
    near = max(_SAME, float(np.quantile(sample.held_out_to_training, _NEAR)))
    return float((sample.judged_to_training <= near).mean())


def membership(sample: Sample) -> float:
    """Returns how well the distance to the nearest judged curve tells training rows from held-out
    ones: the share of pairs of which the training row is nearer; 1/2 is guessing."""
    to_held_out = np.sort(sample.between.min(axis=0))
    (rows,) = _subsets(sample, 1)
    to_training = nearest(rows, sample.judged)
    further = len(to_held_out) - np.searchsorted(to_held_out, to_training, side="right")
    as_far = len(to_held_out) - np.searchsorted(to_held_out, to_training, side="left")
    return float((further + as_far).mean() / 2 / len(to_held_out))


def _reach(sample: Sample) -> Float64Array:
    """Returns how far nearby is of each held-out curve, float64 [n]."""
    # A curve is its own nearest neighbour.
    ranked: Float64Array = np.partition(sample.within_held_out, _NEIGHBOUR, axis=1)
    return ranked[:, _NEIGHBOUR]


def _subsets(sample: Sample, n_subsets: int) -> list[Float64Array]:
    """Returns as many training rows as there are held-out ones, several times, not always all the
    same."""
    rng = np.random.default_rng(0)
    n_rows, n = len(sample.training), len(sample.held_out)
    return [sample.training[rng.choice(n_rows, n, replace=False)] for _ in range(n_subsets)]
