"""What the pictures of a run are drawn from."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from curvegan.arrays import Float32Array, Float64Array
from curvegan.engine import Engine
from curvegan.errors import CurveganError
from curvegan.pictures.style import Bounds
from curvegan.repository.manifest import Description
from curvegan.repository.repository import ONNX
from train.data.quadratics import Quadratics
from train.quality.quadratics import best_a
from train.run.folder import POPULATION, Run
from train.run.history import History

# Curves that are measured for a histogram; the first of them are drawn.
N_MEASURED = 20_000
N_DRAWN = 64


@dataclass(frozen=True)
class Outcome:
    """A finished run: its curves from the exported files, and the history of its training.

    `curves` is float32 [N_DRAWN, n_points], `a` float64 [N_MEASURED]; `member` is the number of
    the GAN in the history that was exported.
    """

    name: str
    description: Description
    history: History
    member: int
    curves: Float32Array
    a: Float64Array

    @classmethod
    def of(cls, run: Run) -> Self:
        """Reads a run's folder. Raises CurveganError if it has no whole export."""
        description, files = run.load_export()
        engine = Engine(files["sampler"][ONNX], files["generator"][ONNX], description.specs)
        curves = engine.curves_from_seeds(np.arange(N_MEASURED))
        exported = [number for number, member in enumerate(run.members) if member.exported]
        if not exported:
            raise CurveganError(f"{run.folder} has no {POPULATION} that names the exported GAN")
        a = best_a(curves, Quadratics(description.n_points))
        return cls(run.folder.name, description, run.history, exported[0], curves[:N_DRAWN], a)

    @property
    def x_grid(self) -> Float64Array:
        """The values of x, float64 [n_points]."""
        return np.array(self.description.x_grid)

    @property
    def bounds(self) -> Bounds:
        """The lowest and the highest y at each x, float64 [n_points] each."""
        return Quadratics(self.description.n_points).bounds

    @property
    def quality(self) -> str:
        """The measures of quality on one line."""
        quality = self.description.quality
        return (
            f"W1(a) {quality['w1_a']:.4f}    off-family RMSE {quality['off_family_rmse']:.4f}    "
            f"in bounds {quality['in_bounds']:.3f}"
        )
