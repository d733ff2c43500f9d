"""The labels of a request: checked against the classes that a model knows."""

from collections.abc import Sequence

import numpy as np

from curvegan.arrays import Int64Array
from serve.calls.status import RequestError, invalid_argument

# Classes that an error lists, and characters of each.
_LISTED = 20
_CHARACTERS = 40


def check_labels(labels: Int64Array, known: Sequence[str], field: str) -> None:
    """Raises RequestError if one of `labels`, in a request's field `field`, is not the index of one
    of the classes `known`."""
    wrong = (labels < 0) | (labels >= len(known))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise invalid_argument(
            field, f"is {labels[row]} in row {row}: this model's classes are {listed(known)}"
        )


def missing_labels(known: Sequence[str], field: str) -> RequestError:
    """Returns the error of a request without labels, in `field`, for a model that needs them."""
    return invalid_argument(
        field,
        "is empty: give the class of all curves, or of each, by its number; this model's classes "
        f"are {listed(known)}",
    )


def listed(known: Sequence[str]) -> str:
    """Returns the classes as text: the first ones, each with its index, and how many more."""
    named = [f"{index} {_short(name)!r}" for index, name in enumerate(known[:_LISTED])]
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return ", ".join(named) + more


def _short(name: str) -> str:
    return name if len(name) <= _CHARACTERS else f"{name[:_CHARACTERS]}…"
