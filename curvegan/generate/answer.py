"""Curves asked for by seeds as people write them, as they arrive."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from curvegan.arrays import Float32Array, Int64Array
from curvegan.client.curve_client import CurveClient
from curvegan.generate.labels import named_classes
from curvegan.generate.seed_text import batches, count_seeds
from curvegan.repository.model import Model


class Block(NamedTuple):
    """Seeds, int64 [n], and their curves, float32 [n, n_points], all of the class `label`, or of
    none."""

    seeds: Int64Array
    curves: Float32Array
    label: str | None


@dataclass(frozen=True)
class Answer:
    """Curves as they arrive: those of `n_seeds` seeds, of one class of `labels` after the other; or
    of none, where `labels` are empty."""

    model: Model
    n_seeds: int
    labels: list[str]
    blocks: Iterable[Block]

    @property
    def n_rows(self) -> int:
        """How many curves there are in all."""
        return self.n_seeds * max(1, len(self.labels))


def ask(
    client: CurveClient, ranges: Sequence[range], labels: Sequence[str], version: int = 0
) -> Answer:
    """Asks for the curves of all seeds of `ranges`, in their order, of one model version: those of
    each class of `labels`, by name or index; none for a model without.

    Raises CurveganError for labels that the model does not know, or without any if it has some;
    ServiceError, here or while the blocks are read.
    """
    model = client.model(version)
    names = named_classes(labels, model.labels)
    each: list[str | None] = [*names] or [None]

    def blocks() -> Iterator[Block]:
        for label in each:
            for batch in batches(ranges):
                start = 0
                for curves in client.stream(batch, labels=label, version=model.version):
                    stop = start + len(curves)
                    yield Block(np.array(batch[start:stop], np.int64), curves, label)
                    start = stop

    return Answer(model, sum(map(count_seeds, ranges)), names, blocks())
