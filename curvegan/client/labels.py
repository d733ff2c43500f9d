"""Labels as a caller gives them, as indices into a model's classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from curvegan.arrays import Int64Array
from curvegan.client.rows import Rows
from curvegan.repository.description import listed
from curvegan.v1 import curves_pb2

Label = str | int
Labels = Label | Sequence[Label] | npt.NDArray[np.integer] | npt.NDArray[np.str_]

# An index is int32 on the wire.
_MOST = 2**31 - 1
# A call's share where each row has a label, of up to five bytes.
_ROWS_PER_CALL = 2**17


@dataclass(frozen=True)
class LabelledRows:
    """Rows with the class of each, int64 [n], or of all, int64 [1]."""

    rows: Rows
    labels: Int64Array

    @property
    def count(self) -> int:
        """How many there are."""
        return self.rows.count

    @property
    def per_call(self) -> int:
        """How many a call may ask for."""
        most = self.rows.per_call
        return most if len(self.labels) == 1 else min(most, _ROWS_PER_CALL)

    def source(self, start: int, stop: int) -> curves_pb2.CurveSource:
        """Returns the request's source for the rows from `start` to before `stop`."""
        source = self.rows.source(start, stop)
        labels = self.labels if len(self.labels) == 1 else self.labels[start:stop]
        source.labels.extend(labels.tolist())
        return source


def has_names(labels: Labels) -> bool:
    """Returns whether one of `labels` is a name."""
    return any(isinstance(label, str) for label in _flat(labels))


def labelled_rows(rows: Rows, labels: Labels, known: Sequence[str] | None) -> LabelledRows:
    """Returns `rows` with `labels`, one of all or one of each, as names or indices of the classes
    `known`; None if these are not known, and only indices are given.

    Raises ValueError, listing the known ones, for others, and for a wrong number of labels.
    """
    given = _flat(labels)
    if known is not None and not known:
        raise ValueError("labels are given: this model makes curves without labels")
    if len(given) not in (1, rows.count):
        raise ValueError(
            f"there are {len(given)} labels: give one, or one for each of the {rows.count} curves"
        )
    indices = {name: index for index, name in enumerate(known or ())}
    highest = _MOST if known is None else len(known) - 1
    found = []
    for label in given:
        index = indices.get(label) if isinstance(label, str) else label
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index <= highest:
            advice = "give the index of a class" if known is None else f"these are: {listed(known)}"
            raise ValueError(f"label {label!r} is not one of the model's classes: {advice}")
        found.append(index)
    return LabelledRows(rows, np.array(found, np.int64))


def _flat(labels: Labels) -> list[Any]:
    """Returns labels, one or many, as a list of what Python has for them."""
    given = np.asarray(labels, object)
    if given.ndim > 1:
        raise ValueError(f"labels have shape {given.shape}: give one, or a list of them")
    flat = np.atleast_1d(given).tolist()
    return [label.item() if isinstance(label, np.integer) else label for label in flat]
