"""Recipes: all the hyperparameters of a training, under a name."""

import math
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Literal

from curvegan.errors import CurveganError

RecipeName = Literal["default", "quick", "tutorial", "curves"]
LrDecay = Literal["constant", "linear", "quadratic", "cosine"]

# Rows of a seed's random stream: they are counted by one 32-bit word.
MAX_ROWS = 2**32
# Beyond these a training, or the measuring of its 100,000 curves, would need more memory than most
# machines have: a curve's noise, and its points.
MAX_N_NOISE = 1024
MAX_N_POINTS = 4096
MAX_AUTO_N_NOISE = 256
# The hyperparameters that a recipe may leave to be chosen by the curves: 0.
SIZES = ("steps", "batch_size", "n_noise", "width", "depth")
MAX_WIDTH = 4096
MAX_DEPTH = 16
MAX_PACKING = 64


@dataclass(frozen=True)
class Recipe:
    """The hyperparameters of a training. The defaults are those of Morvan's PyTorch tutorial.

    steps: updates of each network; 0: 12 for each training row, 4,000 to 6,000
    batch_size: real curves, and as many generated ones, of a step; 0: a power of two, about half of
        the training rows, 128 to 1,024
    lr_g, lr_d: learning rates of the generator's and the discriminator's Adam, at the start
    lr_decay: how both fall to 0 until the last step
    beta1_g, beta1_d: Adam's decay rates of the gradient's mean, for either network
    beta2_g, beta2_d: Adam's decay rates of its square, likewise
    ema: decay rate of the exponential moving average of the generator's weights, which is what
        is exported; 0 exports the last weights
    n_noise: numbers that the generator turns into a curve, its "ideas"; 0: as many as the curve
        has points, at most MAX_AUTO_N_NOISE
    n_points: points at which the real curves are drawn; the source of real curves is made with it,
        and everything else takes the source's
    penalty: weight, for each point of a curve, of the zero-centred gradient penalties on real and
        on generated curves
    packing: curves that D sees at once
    slope: slope of leaky ReLU for negative numbers; 0 is ReLU
    width: units of a hidden layer; 0: 128, or 256 for curves of more than 64 points
    depth: hidden layers of each network; 0: 2
    standardise: let the networks work on standardised curves
    explained: share of the variance of standardised curves that the principal components hold
        along which G draws; 0 lets it draw point by point
    coefficients: show D a curve's whitened coefficients along those components as well
    """

    steps: int = 10_000
    batch_size: int = 64
    lr_g: float = 1e-4
    lr_d: float = 1e-4
    lr_decay: LrDecay = "constant"
    beta1_g: float = 0.9
    beta1_d: float = 0.9
    beta2_g: float = 0.999
    beta2_d: float = 0.999
    ema: float = 0.0
    n_noise: int = 5
    n_points: int = 15
    penalty: float = field(default=0.0, repr=False)
    packing: int = field(default=1, repr=False)
    slope: float = field(default=0.0, repr=False)
    width: int = field(default=128, repr=False)
    depth: int = field(default=1, repr=False)
    standardise: bool = field(default=False, repr=False)
    explained: float = field(default=0.0, repr=False)
    coefficients: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        """Raises CurveganError for a number that is out of range."""
        limits = {
            "steps": (0, MAX_ROWS),
            "batch_size": (0, MAX_ROWS),
            "n_noise": (0, MAX_N_NOISE),
            "n_points": (2, MAX_N_POINTS),
            "packing": (1, MAX_PACKING),
            "width": (0, MAX_WIDTH),
            "depth": (0, MAX_DEPTH),
        }
        for name, (least, most) in limits.items():
            if not least <= getattr(self, name) <= most:
                raise CurveganError(f"{name} is {getattr(self, name)}: give {least} to {most}")
        if self.batch_size % self.packing:
            raise CurveganError(
                f"batch_size is {self.batch_size}: give a multiple of {self.packing}, the packing"
            )
        if not 0 <= self.penalty < math.inf:
            raise CurveganError(f"penalty is {self.penalty}: give a number from 0 on")
        if self.explained and not self.standardise:
            raise CurveganError(
                f"explained is {self.explained} of curves that are not standardised: turn "
                "standardise on, or give 0"
            )
        if self.coefficients and not self.explained:
            raise CurveganError(
                "coefficients are those of principal components: give explained a share such as "
                "0.999, or turn them off"
            )
        for name in ("lr_g", "lr_d"):
            if not 0 < getattr(self, name) <= 1:
                raise CurveganError(f"{name} is {getattr(self, name)}: above 0 and at most 1")
        for name in ("beta1_g", "beta1_d", "beta2_g", "beta2_d", "ema", "slope", "explained"):
            if not 0 <= getattr(self, name) < 1:
                raise CurveganError(f"{name} is {getattr(self, name)}: from 0 to below 1")
        if self.steps * self.batch_size > MAX_ROWS:
            raise CurveganError(
                f"{self.steps} steps of {self.batch_size} curves pass the {MAX_ROWS} rows of a "
                "seed's random stream: take fewer steps or smaller batches"
            )

    def sized(self, n_points: int, n_rows: int) -> "Recipe":
        """Returns the recipe for a table of `n_rows` curves of `n_points`, with a number wherever
        it leaves one to be chosen."""
        return replace(
            self,
            n_points=n_points,
            # Few rows are learnt by heart in more steps; many need larger batches.
            steps=self.steps or min(max(12 * n_rows, 4_000), 6_000),
            batch_size=self.batch_size or min(max(2 ** (n_rows.bit_length() - 2), 128), 1_024),
            n_noise=self.n_noise or min(n_points, n_rows - 1, MAX_AUTO_N_NOISE),
            width=self.width or (128 if n_points <= 64 else 256),
            depth=self.depth or 2,
        )

    @property
    def hyperparameters(self) -> dict[str, int | float | str]:
        """All of them by name, as manifests hold them: 1 and 0 for what is on and off."""
        return {
            name: int(value) if isinstance(value, bool) else value
            for name, value in asdict(self).items()
        }

    @property
    def changed_since_first(self) -> str:
        """The hyperparameters that the first release did not have, where they do not leave the game
        as it was; it names those that its `repr` has."""
        changed = {
            hyperparameter.name: getattr(self, hyperparameter.name)
            for hyperparameter in fields(self)
            if not hyperparameter.repr
            and getattr(self, hyperparameter.name) != hyperparameter.default
        }
        return f", {changed}" if changed else ""

    def numbers_per_step(self, n_points: int) -> int:
        """Returns how many numbers a step draws: of real curves of `n_points`, and of the noise."""
        return self.batch_size * (self.n_noise + n_points)

    def lr_factor(self, step: int) -> float:
        """Returns what the learning rates are multiplied by in a step; steps count from 0."""
        passed = step / self.steps
        match self.lr_decay:
            case "constant":
                return 1.0
            case "linear":
                return 1 - passed
            case "quadratic":
                return (1 - passed) ** 2
            case "cosine":
                return (1 + math.cos(math.pi * passed)) / 2


_DEFAULT = Recipe(
    batch_size=512,
    lr_g=2e-3,
    lr_d=1.2e-3,
    lr_decay="quadratic",
    beta1_g=0.3,
    beta1_d=0.0,
    beta2_g=0.99,
    beta2_d=0.8,
    ema=0.998,
    packing=2,
)
_QUICK = replace(
    _DEFAULT,
    steps=2_000,
    batch_size=64,
    lr_g=4e-3,
    lr_d=4e-3,
    lr_decay="linear",
    beta2_g=0.999,
    ema=0.995,
    packing=1,
)
_CURVES = Recipe(
    steps=0,
    batch_size=0,
    lr_g=1e-3,
    lr_d=1e-3,
    lr_decay="linear",
    beta1_g=0.0,
    beta1_d=0.0,
    beta2_g=0.99,
    beta2_d=0.99,
    ema=0.998,
    n_noise=0,
    penalty=0.12,
    packing=2,
    slope=0.2,
    width=0,
    depth=0,
    standardise=True,
    explained=0.999,
    coefficients=True,
)
RECIPES: dict[RecipeName, Recipe] = {
    "default": _DEFAULT,
    "quick": _QUICK,
    "tutorial": Recipe(),
    "curves": _CURVES,
}
