"""Which curves are held out: a fifth, by a hash of their numbers and the run's seed."""

import numpy as np
import torch

from curvegan.arrays import Int64Array
from train.noise import philox

# One curve in so many is held out.
ONE_IN = 5


class Split:
    """Decides about curves as they come.

    Of each five curves of a class one is held out, whose place among them is a hash of the class,
    the number of the five and the seed. So every class has its share on both sides, and nothing has
    to be remembered of a curve.
    """

    def __init__(self, seed: int) -> None:
        self._key = torch.tensor([seed])
        self._n_of_class = np.zeros(0, np.int64)

    def held_out(self, classes: Int64Array) -> np.ndarray:
        """Returns whether each of the next curves is held out, given their classes: bool [n]."""
        numbers = self._numbers(classes)
        fives, places = torch.from_numpy(numbers // ONE_IN), numbers % ONE_IN
        word, _ = philox.philox(fives, torch.from_numpy(classes), self._key)
        return np.asarray(philox.below(word, ONE_IN).numpy() == places)

    def _numbers(self, classes: Int64Array) -> Int64Array:
        """Returns the number of each curve among those of its class, counted from the first."""
        missing = int(classes.max(initial=-1)) + 1 - len(self._n_of_class)
        self._n_of_class = np.append(self._n_of_class, np.zeros(max(0, missing), np.int64))
        order = np.argsort(classes, kind="stable")
        in_order = classes[order]
        numbers = np.empty_like(classes)
        numbers[order] = (
            np.arange(len(classes))
            - np.searchsorted(in_order, in_order)
            + self._n_of_class[in_order]
        )
        self._n_of_class += np.bincount(classes, minlength=len(self._n_of_class))
        return numbers
