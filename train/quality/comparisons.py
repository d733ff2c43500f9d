"""The measures of any curves: each compares generated with held-out real ones."""

from collections.abc import Callable
from dataclasses import dataclass

from curvegan.repository.description import Measure
from train.quality import classifiers, distributions, neighbours
from train.quality.samples import NotMeasuredError, Sample

# The names that the verdict and the choice of a generator look for.
ENERGY_DISTANCE = "energy_distance"
SLICED_W1 = "sliced_w1"
COVERAGE = "coverage"
RANDOM_FOREST = "auc_random_forest"
NEAR_DUPLICATES = "near_duplicates"
NEIGHBOUR_RATIO = "neighbour_ratio"


@dataclass(frozen=True)
class Comparison:
    """A measure, how it is computed of a sample, and of how many curves a side at least.

    Its values are `lowest` to `highest`. One that `is_centred` is 0 on average for real curves:
    what they score is then how far from 0 it is by chance.
    """

    measure: Measure
    compute: Callable[[Sample], float]
    n_least: int
    lowest: float = 0.0
    highest: float = float("inf")
    is_centred: bool = False

    def of(self, sample: Sample) -> float:
        """Returns its value of a sample.

        Raises NotMeasuredError if it has none.
        """
        n = len(sample.held_out)
        if n < self.n_least:
            raise NotMeasuredError(f"it takes {self.n_least} curves a side, there are {n}")
        return self.compute(sample)


ENERGY = Comparison(
    Measure(ENERGY_DISTANCE, "energy distance", "lower"),
    distributions.energy_distance,
    n_least=4,
    lowest=-float("inf"),
    is_centred=True,
)
SLICED = Comparison(Measure(SLICED_W1, "sliced W1", "lower"), distributions.sliced_w1, n_least=4)

# Of families that have measures of their own, and of each class of labelled curves.
DISTANCES = (ENERGY, SLICED)
OF_A_CLASS = (ENERGY,)

COMPARISONS = (
    *DISTANCES,
    Comparison(
        Measure("w1_of_a_point", "largest W1 of a point", "lower", digits=3),
        distributions.largest_w1,
        n_least=4,
    ),
    Comparison(
        Measure("mean_difference", "largest difference of means", "lower", digits=3),
        distributions.mean_difference,
        n_least=4,
    ),
    Comparison(
        Measure("deviation_difference", "largest difference of deviations", "lower", digits=3),
        distributions.deviation_difference,
        n_least=4,
    ),
    Comparison(
        Measure("autocorrelation", "difference of autocorrelation", "lower", digits=3),
        distributions.autocorrelation_difference,
        n_least=4,
    ),
    Comparison(
        Measure("roughness", "roughness", "nearer", digits=3),
        distributions.roughness,
        n_least=4,
    ),
    Comparison(
        Measure("auc_logistic", "AUC of a logistic regression", "lower", digits=3),
        classifiers.logistic_regression,
        n_least=10,
        highest=1.0,
    ),
    Comparison(
        Measure(RANDOM_FOREST, "AUC of a random forest", "lower", digits=3),
        classifiers.random_forest,
        n_least=10,
        highest=1.0,
    ),
    Comparison(
        Measure(COVERAGE, "coverage of real curves", "higher", digits=3),
        neighbours.coverage,
        n_least=10,
        highest=1.0,
    ),
    Comparison(
        Measure("precision", "curves near real ones", "higher", digits=3),
        neighbours.precision,
        n_least=10,
        highest=1.0,
    ),
    Comparison(
        Measure(NEIGHBOUR_RATIO, "nearest-neighbour ratio", "nearer", digits=3),
        neighbours.neighbour_ratio,
        n_least=10,
    ),
    Comparison(
        Measure("exact_duplicates", "exact duplicates", "lower", digits=3),
        neighbours.exact_duplicates,
        n_least=10,
        highest=1.0,
    ),
    Comparison(
        Measure(NEAR_DUPLICATES, "near duplicates", "lower", digits=3),
        neighbours.near_duplicates,
        n_least=10,
        highest=1.0,
    ),
    Comparison(
        Measure("auc_membership", "AUC of membership", "lower", digits=3),
        neighbours.membership,
        n_least=10,
        highest=1.0,
    ),
)
