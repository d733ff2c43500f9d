"""Recipes: all the hyperparameters of a training, under a name."""

from dataclasses import dataclass
from typing import Literal

from serve.errors import CurveganError

RecipeName = Literal["tutorial"]
DeviceName = Literal["auto", "cpu", "cuda"]

# Rows of a seed's random stream: they are counted by one 32-bit word.
MAX_ROWS = 2**32


@dataclass(frozen=True)
class Recipe:
    """The hyperparameters of a training. The defaults are those of Morvan's PyTorch tutorial.

    n_noise: numbers that the generator turns into a curve, its "ideas"
    n_points: points at which a curve is drawn
    batch_size: real curves, and as many generated ones, of a step
    steps: updates of each network
    lr_g, lr_d: learning rates of the generator's and the discriminator's Adam
    """

    steps: int = 10_000
    batch_size: int = 64
    lr_g: float = 1e-4
    lr_d: float = 1e-4
    n_noise: int = 5
    n_points: int = 15

    def __post_init__(self) -> None:
        """Raises CurveganError for a number that no training can have."""
        least = {"steps": 1, "batch_size": 1, "n_noise": 1, "n_points": 2}
        for name, minimum in least.items():
            if getattr(self, name) < minimum:
                raise CurveganError(f"{name} is {getattr(self, name)}: at least {minimum}")
        for name in ("lr_g", "lr_d"):
            if not 0 < getattr(self, name) <= 1:
                raise CurveganError(f"{name} is {getattr(self, name)}: above 0 and at most 1")
        if self.steps * self.batch_size > MAX_ROWS:
            raise CurveganError(
                f"{self.steps} steps of {self.batch_size} curves pass the {MAX_ROWS} rows of a "
                "seed's random stream: take fewer steps or smaller batches"
            )


@dataclass(frozen=True)
class Settings:
    """What a training is asked to be: its recipe by name and in full, its seed and its device."""

    recipe_name: RecipeName
    recipe: Recipe
    seed: int
    device: DeviceName

    def __post_init__(self) -> None:
        """Raises CurveganError for a seed that is no 32-bit number."""
        if not 0 <= self.seed < 2**32:
            raise CurveganError(f"seed {self.seed}: give a number from 0 to {2**32 - 1}")


RECIPES: dict[RecipeName, Recipe] = {"tutorial": Recipe()}
