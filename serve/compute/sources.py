"""The source of a request's curves: seeds or noise, independent of the protocol."""

from typing import NamedTuple

import numpy as np

from curvegan.arrays import Float32Array, Int64Array
from curvegan.repository.manifest import ModelName
from serve.calls.status import invalid_argument


class Source(NamedTuple):
    """The rows to compute, and the model that takes them.

    `values` are seeds for the sampler, as int64 [n] or as a range, which is not expanded in memory;
    or noise for the generator, float32 [n, n_noise].
    """

    model: ModelName
    values: Int64Array | range | Float32Array


def noise_source(values: Float32Array, n_noise: int, field: str) -> Source:
    """Returns the source of noise whose rows, one after another, the request's field `field` holds.

    Raises RequestError for a number that is not finite.
    """
    finite = np.isfinite(values)
    if np.count_nonzero(finite) < len(values):
        wrong = int(np.argmin(finite))
        row, column = divmod(wrong, n_noise)
        raise invalid_argument(
            field, f"is {values[wrong]} in row {row}, column {column}: give finite numbers"
        )
    return Source("generator", values.reshape(-1, n_noise))
