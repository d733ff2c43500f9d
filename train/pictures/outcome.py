"""What the pictures of a run are drawn from."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from curvegan.arrays import Float32Array, Float64Array
from curvegan.engine import Engine
from curvegan.errors import CurveganError
from curvegan.pictures.style import Bounds
from curvegan.repository.description import Description, Parameter
from curvegan.repository.repository import ONNX
from train.families import measures_of, parameters_of
from train.quality.measures import write
from train.run.folder import POPULATION, Run
from train.run.history import History

# Curves that are measured for a histogram; the first of them are drawn.
N_MEASURED = 20_000
N_DRAWN = 64


@dataclass(frozen=True)
class Outcome:
    """A finished run: its curves from the exported files, and the history of its training.

    `measured` is float32 [N_MEASURED, n_points]; `parameters` are those of the family; `member` is
    the number of the GAN in the history that was exported.
    """

    name: str
    description: Description
    history: History
    member: int
    measured: Float32Array
    parameters: list[Parameter]

    @classmethod
    def of(cls, run: Run) -> Self:
        """Reads a run's folder.

        Raises CurveganError if it has no complete export.
        """
        description, files = run.load_export()
        engine = Engine(files["sampler"][ONNX], files["generator"][ONNX], description.specs)
        curves = engine.curves_from_seeds(np.arange(N_MEASURED))
        exported = [number for number, member in enumerate(run.members) if member.exported]
        if not exported:
            raise CurveganError(f"{run.folder} has no {POPULATION} that names the exported GAN")
        return cls(
            name=run.folder.name,
            description=description,
            history=run.history,
            member=exported[0],
            measured=curves,
            parameters=parameters_of(description),
        )

    @property
    def curves(self) -> Float32Array:
        """Those that are drawn, float32 [N_DRAWN, n_points]."""
        return self.measured[:N_DRAWN]

    @property
    def x_grid(self) -> Float64Array:
        """The values of x, float64 [n_points]."""
        return np.array(self.description.x_grid)

    @property
    def x_ticks(self) -> list[float]:
        """Where the x axis is labelled."""
        return list(np.linspace(self.x_grid[0], self.x_grid[-1], 5))

    @property
    def bounds(self) -> Bounds | None:
        """The lowest and the highest y at each x, float64 [n_points] each, if there are any."""
        family = self.description.family
        if family.lower_bound is None or family.upper_bound is None:
            return None
        return np.array(family.lower_bound), np.array(family.upper_bound)

    @property
    def quality(self) -> str:
        """The measures of quality on one line."""
        return write(self.description.quality, measures_of(self.description), between="    ")
