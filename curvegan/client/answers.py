"""What a server answers: its curves, whole, or an error that says what is broken."""

from typing import Any

import grpc
import numpy as np

from curvegan.arrays import Float32Array
from curvegan.client.failures import ServiceError


def curves_of(answer: Any) -> Float32Array:
    """Returns the curves of an answer. Raises ServiceError if they are not whole."""
    values = np.array(answer.values, np.float32)
    if answer.n_points < 1 or len(values) % answer.n_points:
        raise broken_answer(f"{len(values)} numbers for curves of {answer.n_points} points")
    return values.reshape(-1, answer.n_points)


def out_of_order(came: int, due: int, stop: int) -> ServiceError:
    """Returns the error of a stream that skips or repeats rows, or goes past `stop`."""
    return broken_answer(f"row {came} where row {due} of {stop} was due")


def broken_answer(what: str) -> ServiceError:
    """Returns the error of an answer with `what` in it."""
    return ServiceError(grpc.StatusCode.INTERNAL, f"the server's answer is broken: it has {what}")
