"""The source of a request's curves: seeds or noise, and labels, independent of the protocol."""

from typing import NamedTuple

import numpy as np

from curvegan.arrays import Float32Array, Int64Array
from curvegan.repository.description import ModelName
from serve.calls.status import invalid_argument


class Source(NamedTuple):
    """The rows to compute, and the model that takes them.

    `values` are seeds for the sampler, as int64 [n] or as a range, which is not expanded in memory;
    or noise for the generator, float32 [n, n_noise]. `labels` are the classes of labelled curves:
    one of all, or one of each, int64 [n].
    """

    model: ModelName
    values: Int64Array | range | Float32Array
    labels: Int64Array | int | None = None


def check_finite(numbers: Float32Array, width: int, field: str) -> None:
    """Raises RequestError if one of the numbers of a request's field `field`, rows of `width` one
    after another, is not finite."""
    finite = np.isfinite(numbers)
    if np.count_nonzero(finite) < len(numbers):
        wrong = int(np.argmin(finite))
        row, column = divmod(wrong, width)
        raise invalid_argument(
            field, f"is {numbers[wrong]} in row {row}, column {column}: give finite numbers"
        )
