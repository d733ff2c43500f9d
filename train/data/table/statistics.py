"""What is found out about curves while they pass: how many, how different, in which range."""

import numpy as np

from curvegan.arrays import Float64Array
from curvegan.errors import CurveganError
from train.data.source import MAX_TABLE_ROWS

MIN_CURVES = 32
# Fewer are learnt by heart easily, and so few are held out that they say little.
FEW_CURVES = 200

# Steps of float32 within a point's spread, below which curves would come out in stairs.
_MIN_STEPS = 64
_MIN_SPREAD = 1e-30

# Hardly any curve is further from the mean at a point.
_DEVIATIONS = 4


class Statistics:
    """What is known of the curves so far, in memory of 8 bytes a curve."""

    def __init__(self, n_points: int) -> None:
        self.n_curves = 0
        self._mean = np.zeros(n_points)
        # The sum of squared distances from the mean.
        self._squares = np.zeros(n_points)
        self._low = np.full(n_points, np.inf)
        self._high = np.full(n_points, -np.inf)
        self._hashes: list[np.ndarray] = []

    def add(self, curves: Float64Array) -> None:
        """Takes in curves, float64 [n, n_points].

        Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
        variances", 1979.
        """
        n = len(curves)
        if not n:
            return
        mean = curves.mean(axis=0)
        total = self.n_curves + n
        apart = mean - self._mean
        self._squares += ((curves - mean) ** 2).sum(axis=0) + apart**2 * (self.n_curves * n / total)
        self._mean += apart * (n / total)
        self._low = np.minimum(self._low, curves.min(axis=0))
        self._high = np.maximum(self._high, curves.max(axis=0))
        self.n_curves = total
        cells, width = curves.tobytes(), curves[0].nbytes
        ends = range(0, len(cells), width)
        self._hashes.append(np.array([hash(cells[end : end + width]) for end in ends]))

    @property
    def low(self) -> float:
        """The least y."""
        return float(self._low.min())

    @property
    def high(self) -> float:
        """The largest y."""
        return float(self._high.max())

    @property
    def constant_points(self) -> list[int]:
        """The points at which all curves are equal."""
        return np.flatnonzero(self._low == self._high).tolist()

    @property
    def _spread(self) -> Float64Array:
        return np.asarray(np.sqrt(self._squares / self.n_curves))

    def may_have(self, curve: Float64Array) -> bool:
        """Returns whether another curve, float64 [n_points], is as near to the mean as these."""
        return bool((np.abs(curve - self._mean) <= _DEVIATIONS * self._spread).all())

    def n_duplicates(self) -> int:
        """Returns how many curves equal an earlier one, but for the odd chance of 64 bits."""
        hashes = np.concatenate([np.zeros(0, np.int64), *self._hashes])
        self._hashes = [hashes]
        hashes.sort()
        return int((hashes[1:] == hashes[:-1]).sum())

    def check(self, where: str, names: list[str]) -> None:
        """Raises CurveganError if nothing can be learnt from the curves; `where` is their file,
        `names` are what its points are called."""
        if not MIN_CURVES <= self.n_curves <= MAX_TABLE_ROWS:
            raise CurveganError(
                f"{where}: {self.n_curves} curves are left, where {MIN_CURVES} to {MAX_TABLE_ROWS} "
                "are needed: give more"
            )
        constant = self._low == self._high
        if constant.all():
            raise CurveganError(
                f"{where}: all {self.n_curves} curves are equal, so there is nothing to learn: "
                "give curves that differ"
            )
        level = np.maximum(np.abs(self._low), np.abs(self._high))
        spread = self._spread
        steps = np.spacing(level.astype(np.float32)).astype(np.float64)
        flat = ~constant & (spread < np.maximum(_MIN_STEPS * steps, _MIN_SPREAD))
        if flat.any():
            point = int(np.argmax(flat))
            raise CurveganError(
                f"{where}, point {names[point]}: a spread of {spread[point]:.3g} around "
                f"{self._mean[point]:.6g} is too little for float32, in which curves are made: "
                "subtract the level, or give the numbers in smaller units"
            )
