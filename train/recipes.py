"""Recipes: all the hyperparameters of a training, under a name."""

from dataclasses import dataclass
from typing import Literal

from serve.errors import CurveganError

RecipeName = Literal["tutorial"]
DeviceName = Literal["auto", "cpu", "cuda"]

# Rows of a seed's random stream: they are counted by one 32-bit word.
MAX_ROWS = 2**32
# Beyond these a training, or the measuring of its 100,000 curves, would need more memory than many
# machines have: a curve's noise, its points, and the numbers of a step.
MAX_NOISE = 1024
MAX_POINTS = 4096
MAX_NUMBERS = 10**6


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
        limits = {"steps": (1, MAX_ROWS), "batch_size": (1, MAX_ROWS)}
        limits |= {"n_noise": (1, MAX_NOISE), "n_points": (2, MAX_POINTS)}
        for name, (least, most) in limits.items():
            if not least <= getattr(self, name) <= most:
                raise CurveganError(f"{name} is {getattr(self, name)}: give {least} to {most}")
        for name in ("lr_g", "lr_d"):
            if not 0 < getattr(self, name) <= 1:
                raise CurveganError(f"{name} is {getattr(self, name)}: above 0 and at most 1")
        if self.steps * self.batch_size > MAX_ROWS:
            raise CurveganError(
                f"{self.steps} steps of {self.batch_size} curves pass the {MAX_ROWS} rows of a "
                "seed's random stream: take fewer steps or smaller batches"
            )
        numbers = self.batch_size * (self.n_noise + self.n_points)
        if numbers > MAX_NUMBERS:
            raise CurveganError(
                f"{self.batch_size} curves of {self.n_points} points from {self.n_noise} noise "
                f"numbers are {numbers} numbers a step: at most {MAX_NUMBERS}, take smaller batches"
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
