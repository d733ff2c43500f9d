"""Curves asked for by seeds as people write them, as they arrive."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from curvegan.arrays import Float32Array, Int64Array
from curvegan.client.curve_client import CurveClient
from curvegan.generate.seed_text import batches, count_seeds
from curvegan.repository.model import Model


@dataclass(frozen=True)
class Answer:
    """Curves as they arrive: `n_rows` in all, in blocks of seeds, int64 [n], and their curves,
    float32 [n, n_points]."""

    model: Model
    n_rows: int
    blocks: Iterable[tuple[Int64Array, Float32Array]]


def ask(client: CurveClient, ranges: Sequence[range], version: int = 0) -> Answer:
    """Asks for the curves of all seeds of `ranges`, in their order, of one model version.

    Raises ServiceError, here or while the blocks are read.
    """
    model = client.model(version)

    def blocks() -> Iterator[tuple[Int64Array, Float32Array]]:
        for batch in batches(ranges):
            start = 0
            for curves in client.stream(batch, version=model.version):
                yield np.array(batch[start : start + len(curves)], np.int64), curves
                start += len(curves)

    return Answer(model, sum(map(count_seeds, ranges)), blocks())
