"""How well a classifier tells generated from real curves: the area under its ROC curve.

1/2 is guessing. It is the share of pairs, a real and a generated curve that the classifier did not
learn from, of which it says rightly which is which.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from train.quality.samples import NotMeasuredError, Sample

_FOLDS = 5
_TREES = 50

# A forest takes by far the longest. It looks for each split at as many points as the root of all,
# at most _MAX_FEATURES, and sees so many curves a side that all forests take about as long.
_MAX_FEATURES = 16
_MAX_CURVES = 300
_MAX_SEEN = 2400

_MISSING = "scikit-learn is not installed: pip install 'curvegan[data]'"


def logistic_regression(sample: Sample) -> float:
    """Returns the cross-validated area of a logistic regression on the points of curves."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise NotMeasuredError(_MISSING) from None
    return _area(LogisticRegression(max_iter=1000), _rotated(sample), len(sample.judged))


def random_forest(sample: Sample) -> float:
    """Returns the cross-validated area of a forest of 50 trees on the points of curves."""
    try:
        from sklearn.ensemble import RandomForestClassifier
    except ImportError:
        raise NotMeasuredError(_MISSING) from None
    features = max(1, min(_MAX_FEATURES, int(np.sqrt(sample.judged.shape[1]))))
    forest = RandomForestClassifier(_TREES, max_features=features, random_state=0, n_jobs=1)
    return _area(forest, sample, min(_MAX_CURVES, _MAX_SEEN // features))


def _rotated(sample: Sample) -> Sample:
    """Returns the same curves in a basis of which no more than there are curves differ from 0: to a
    penalty on the weights' squares it is all the same."""
    curves = np.concatenate([sample.judged, sample.held_out])
    _, coordinates = np.linalg.qr(curves.T)
    judged, held_out = np.split(coordinates.T, 2)
    return replace(sample, judged=judged, held_out=held_out)


def _area(classifier: Any, sample: Sample, n: int) -> float:
    """Returns the mean over the folds of at most `n` curves a side."""
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    curves = np.concatenate([sample.judged[:n], sample.held_out[:n]])
    is_real = np.arange(len(curves)) >= len(curves) // 2
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    areas = cross_val_score(classifier, curves, is_real, cv=folds, scoring="roc_auc", n_jobs=1)
    return float(areas.mean())
