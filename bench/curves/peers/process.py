"""What a peer's process does: read curves, learn them, write new ones. Needs numpy alone.

Its arguments are TRAINING, SECONDS, SEED, N and CURVES. TRAINING is an .npy file of float64
[rows, n_points]; CURVES is to hold float64 [N, n_points].
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

Curves = npt.NDArray[np.float64]
# Makes so many new curves.
Generate = Callable[[int], Curves]


class Budget:
    """The processor time that a training may take, in seconds, from now on.

    That of all threads; what was imported before is not counted.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.process_time() + seconds

    @property
    def is_spent(self) -> bool:
        """Whether the training has to end."""
        return time.process_time() >= self._end


def run(train: Callable[[Curves, Budget, int], Generate]) -> None:
    """Does it all. `train` is given the training curves, its budget and a seed."""
    training_file, seconds, seed, n, curves_file = sys.argv[1:]
    generate = train(np.load(training_file), Budget(float(seconds)), int(seed))
    np.save(Path(curves_file), np.asarray(generate(int(n)), np.float64))
