"""What it takes to judge a family's curves by what only they have: a list of measures."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from curvegan.arrays import Float32Array
from curvegan.repository.description import Measure
from train.data.source import Source

# Of the published model, by which it is measured: 0 ... 99,999.
N_SEEDS = 100_000

# By which the best of a population is chosen where the family has no measures of its own.
ENERGY_TO_TRAINING = Measure("energy_to_training", "energy distance to training rows", "lower")

# From generated curves, float32 [n, n_points], and the source of the real ones.
Compute = Callable[[Float32Array, Source], float]


@dataclass(frozen=True)
class Measures:
    """The measures of one kind of curves, in the order of people's interest, each with the
    function that computes it."""

    computed_by: Mapping[Measure, Compute]

    def __iter__(self) -> Iterator[Measure]:
        return iter(self.computed_by)

    def of(self, curves: Float32Array, source: Source) -> dict[str, float]:
        """Returns the quality of `curves`, float32 [n, n_points]: each measure's figure by name."""
        return {
            measure.name: compute(curves, source) for measure, compute in self.computed_by.items()
        }


def distance(quality: Mapping[str, float], measures: Iterable[Measure]) -> float:
    """Returns how far generated curves are from the real ones: the sum of the measures of which
    lower is better, as far as `quality` has them."""
    return sum(
        quality[measure.name]
        for measure in measures
        if measure.better == "lower" and measure.name in quality
    )


def write(quality: Mapping[str, float], measures: Iterable[Measure], between: str) -> str:
    """Returns the figures on one line, each after its measure's label."""
    return between.join(
        f"{measure.label} {quality[measure.name]:{measure.format}}" for measure in measures
    )
