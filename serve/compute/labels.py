"""The labels of a request: checked against the classes that a model knows."""

from collections.abc import Sequence

import numpy as np

from curvegan.arrays import Int64Array
from curvegan.repository.description import listed
from serve.calls.status import invalid_argument


def check_labels(labels: Int64Array, known: Sequence[str], field: str) -> None:
    """Raises RequestError if one of `labels`, in a request's field `field`, is not the index of one
    of the classes `known`."""
    wrong = (labels < 0) | (labels >= len(known))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise invalid_argument(
            field, f"is {labels[row]} in row {row}: this model's classes are {listed(known)}"
        )
