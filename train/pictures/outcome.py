"""What the pictures of a run are drawn from."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from matplotlib.axes import Axes

from curvegan.arrays import Float32Array, Float64Array
from curvegan.engine import Engine
from curvegan.errors import CurveganError
from curvegan.pictures.style import Bounds, LegendPlace, frame_curves, name_points, write_in_full
from curvegan.repository.description import Description, Parameter
from curvegan.repository.repository import ONNX
from train.families import measures_of, parameters_of, source_of
from train.quality.comparisons import COVERAGE, ENERGY_DISTANCE, RANDOM_FOREST
from train.quality.measures import write
from train.quality.samples import draw_classes
from train.run.folder import POPULATION, Run
from train.run.history import History
from train.run.quality import load_held_out

# Curves that are measured for a histogram; the first of them are drawn.
N_MEASURED = 20_000
N_DRAWN = 64

_SAY_MOST = (ENERGY_DISTANCE, RANDOM_FOREST, COVERAGE)


@dataclass(frozen=True)
class Outcome:
    """A finished run: its curves from the exported files, and the history of its training.

    `measured` is float32 [N_MEASURED, n_points]; `parameters` are those of the family; `member` is
    the number of the GAN in the history that was exported; `held_out` are real curves, float32
    [n, n_points], which runs of earlier releases did not keep.
    """

    name: str
    description: Description
    history: History
    member: int
    measured: Float32Array
    parameters: list[Parameter]
    held_out: Float32Array | None

    @classmethod
    def of(cls, run: Run) -> Self:
        """Reads a run's folder.

        Raises CurveganError if it has no complete export.
        """
        description, files = run.load_export()
        engine = Engine(files["sampler"][ONNX], files["generator"][ONNX], description.specs)
        source, _ = source_of(run.settings, run.data)
        classes = draw_classes(source, N_MEASURED) if source.labels else None
        curves = engine.curves_from_seeds(np.arange(N_MEASURED), classes)
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
            held_out=load_held_out(run),
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
    def y_label(self) -> str:
        """What the y axis is called: the units, where they are known."""
        return self.description.family.units or "y"

    def frame(
        self, axes: Axes, with_bounds: bool = True, legend_at: LegendPlace = "upper center"
    ) -> None:
        """Draws the axes that curves are drawn on, and the bounds if the family has any."""
        family, x_grid = self.description.family, self.x_grid
        bounds = self.bounds if with_bounds else None
        frame_curves(axes, x_grid, bounds, legend_at, family.x_name or "x", self.y_label)
        name_points(axes, x_grid, family.point_names)
        write_in_full(axes)

    @property
    def bounds(self) -> Bounds | None:
        """The lowest and the highest y at each x, float64 [n_points] each, if there are any."""
        family = self.description.family
        if family.lower_bound is None or family.upper_bound is None:
            return None
        return np.array(family.lower_bound), np.array(family.upper_bound)

    @property
    def quality(self) -> str:
        """The measures that the family has of its own, or else those that say most, on one line."""
        measures = measures_of(self.description)
        own = [measure for measure in measures if measure.gaussian is None]
        shown = own or [measure for measure in measures if measure.name in _SAY_MOST]
        return write(self.description.quality, shown, between="    ")
