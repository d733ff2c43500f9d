"""What a training is asked to be: its recipe, and what it is trained with, where and on what."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from curvegan.errors import CurveganError
from curvegan.repository.repository import DEFAULT_MODELS
from train.data.table.data_file import DataFile
from train.recipes import Recipe, RecipeName

DeviceName = Literal["auto", "cpu", "cuda"]
FamilyName = Literal["quadratics", "sines", "logistic", "damped"]

DEFAULT_RUNS = Path("runs")

# Beyond these a training would need more memory than most machines have: GANs side by side, and the
# numbers of a step.
MAX_POPULATION = 4096
MAX_NUMBERS = 10**7


def recipe_for(family: FamilyName, data: DataFile | None) -> RecipeName:
    """Returns the name of the recipe with which a training learns what it is to, unless another is
    asked for."""
    return "default" if family == "quadratics" and not data else "curves"


@dataclass(frozen=True)
class Settings:
    """What a training is asked to be.

    Its recipe by name and in full, its seed, its device, how many GANs to train side by side, with
    the seeds `seed`, seed + 1, ..., and the model repository that the best is published into. What
    it learns is a table of the user's, `data`, or else the built-in `family`; the recipe's n_points
    are those of its curves.
    """

    recipe_name: RecipeName
    recipe: Recipe
    seed: int = 1
    device: DeviceName = "auto"
    population: int = 1
    models: str = str(DEFAULT_MODELS)
    family: FamilyName = "quadratics"
    data: DataFile | None = None

    def __post_init__(self) -> None:
        """Raises CurveganError for seeds that are not 32-bit numbers, too many GANs, batches too
        large for memory, or a path that is not printable."""
        if not self.models.isprintable():
            raise CurveganError(f"models is {self.models!r}: give a path of printable characters")
        if not 1 <= self.population <= MAX_POPULATION:
            raise CurveganError(f"population is {self.population}: give 1 to {MAX_POPULATION}")
        if not 0 <= self.seed <= 2**32 - self.population:
            most = 2**32 - self.population
            raise CurveganError(f"seed {self.seed}: give a number from 0 to {most}")
        numbers = self.population * self.recipe.numbers_per_step(self.recipe.n_points)
        if numbers > MAX_NUMBERS:
            raise CurveganError(
                f"{self.population} times {self.recipe.batch_size} curves of "
                f"{self.recipe.n_points} points from {self.recipe.n_noise} noise numbers are "
                f"{numbers} numbers a step: at most {MAX_NUMBERS}, take smaller batches or a "
                "smaller population"
            )

    @property
    def curves_name(self) -> str:
        """What the curves that it learns are called."""
        return self.data.name if self.data else self.family

    @property
    def seeds(self) -> range:
        """The seeds of the population."""
        return range(self.seed, self.seed + self.population)
