"""Which curves are held out: a fifth, by a hash of their numbers and the run's seed."""

import numpy as np
import torch

from train.noise import philox

# The chance of a curve to be held out is one in so many.
ONE_IN = 5
# Fewer are too few for any measure.
MIN_HELD_OUT = 4


class Split:
    """Decides about curves as they come.

    Each by itself: a curve of a table in some order, say of time, is like its neighbours, and were
    one of each few held out, held-out ones would be more like the training's than like each other.
    """

    def __init__(self, seed: int) -> None:
        self._seed = torch.tensor([seed])
        self._key = torch.tensor([0])
        self._n = 0

    def held_out(self, n: int) -> np.ndarray:
        """Returns whether each of the next `n` curves is held out: bool [n]."""
        numbers = torch.arange(self._n, self._n + n)
        self._n += n
        word, _ = philox.philox(numbers, self._seed, self._key)
        return np.asarray((philox.below(word, ONE_IN) == 0).numpy())
