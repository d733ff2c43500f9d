"""The classes of labelled curves: words to numbers."""

import math

import numpy as np

from curvegan.arrays import Int64Array
from curvegan.errors import CurveganError
from train.data.table.layouts.curves import Curves

MAX_LABELS = 1000
_MAX_LENGTH = 100
# So that hardly ever all of them, or none, are held out.
_MIN_CURVES = 10


class Classes:
    """Numbers classes in the order in which they are met, and counts their curves."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._counts = np.zeros(MAX_LABELS, np.int64)

    def of(self, curves: Curves) -> Int64Array:
        """Returns the number of the class of each curve, int64 [n]; 0 without classes.

        Raises CurveganError for the first label that is one too many, or can't be one.
        """
        if curves.labels is None:
            return np.zeros(len(curves.values), np.int64)
        words = curves.labels.dictionary_encode()
        codes = words.indices.to_numpy()
        found = np.zeros(len(words.dictionary), np.int64)
        for code, label in enumerate(words.dictionary.to_pylist()):
            if label not in self._numbers:
                self._check(label, len(self._numbers), curves, int(np.argmax(codes == code)))
                self._numbers[label] = len(self._numbers)
            found[code] = self._numbers[label]
        numbers = found[codes] if len(codes) else np.zeros(0, np.int64)
        self._counts += np.bincount(numbers, minlength=MAX_LABELS)
        return numbers

    def sorted(self, where: str) -> tuple[list[str], Int64Array]:
        """Returns the classes in their order, numbers by size, and the place of each that was met,
        int64 [n].

        Raises CurveganError if `where`, the file, has only one, or too few curves of one.
        """
        if len(self._numbers) == 1:
            raise CurveganError(
                f"{where}: all curves have the label {next(iter(self._numbers))!r}: leave out "
                "--label-column, or give curves of two classes and more"
            )
        for label, number in self._numbers.items():
            n = int(self._counts[number])
            if n < _MIN_CURVES:
                raise CurveganError(
                    f"{where}: the label {label!r} has {n} curve{'s' * (n != 1)}, and "
                    f"{_MIN_CURVES} are needed, so that some can be held out: give more, or leave "
                    "them out"
                )
        labels = sorted(self._numbers, key=_order)
        places = np.array([labels.index(label) for label in self._numbers], np.int64)
        return labels, places

    def _check(self, label: str, n_labels: int, curves: Curves, curve: int) -> None:
        place = curves.place(curve, None)
        if n_labels == MAX_LABELS:
            raise CurveganError(
                f"{place}: {label[:40]!r} is one label more than {MAX_LABELS}: name a column of "
                "classes, of which each has many curves"
            )
        if not label.isprintable() or len(label) > _MAX_LENGTH:
            raise CurveganError(
                f"{place}: the label {label[:40]!r} is too long or not printable: give at most "
                f"{_MAX_LENGTH} printable characters"
            )


def _order(label: str) -> tuple[bool, float, str]:
    try:
        number = float(label)
    except ValueError:
        number = math.nan
    return (False, number, label) if math.isfinite(number) else (True, 0.0, label)
