"""The whole way of a generator that was trained elsewhere: read, export, compare, publish."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from curvegan.errors import CurveganError
from curvegan.repository.description import (
    Description,
    Family,
    Training,
    default_inputs,
    model_specs,
)
from curvegan.repository.publish import check_shape, publish
from train.data.source import Source
from train.data.x_grid import XGrid
from train.export import SEED_RULE
from train.importing.about_curves import AboutCurves
from train.importing.exported import export_given
from train.importing.files import read
from train.pipeline import LIBRARIES, family_of, judge_export
from train.quality.measures import Measures

# Real curves of so many points, and the measures by which generated ones are judged.
Real = Callable[[int], tuple[Source, Measures]]


@dataclass(frozen=True)
class Imported:
    """What was published: its version, its description, what the given file was taken for, and the
    names of the files that each model has."""

    version: int
    description: Description
    taken_as: str
    files: list[str]


def import_model(
    file: Path, models: Path, about: AboutCurves, real: Real | None = None
) -> Imported:
    """Exports the generator in `file`, compares the export with it, and publishes into `models`.

    `real` gives the real curves that it is judged by, which then say what x is; without, nothing is
    said of its quality.

    Raises CurveganError if the file holds no generator that can be exported, or `about` and `real`
    do not go with it; ParityError if the exported files do not compute what the given one does;
    RepositoryError if `models` can't take the model. Nothing is published then.
    """
    # The networks are so small that a second thread costs more than it computes.
    torch.set_num_threads(1)
    given = read(file)
    source, measures = real(given.n_points) if real else (None, Measures({}))
    if source and source.n_points != given.n_points:
        raise CurveganError(
            f"{file} makes curves of {given.n_points} points, and the real ones have "
            f"{source.n_points}: judge it by curves of its own length"
        )
    if source and about != AboutCurves():
        raise CurveganError(
            "real curves say their name, units and x themselves: leave these options out"
        )
    if source:
        family, x_grid = family_of(source), source.x_grid.tolist()
    else:
        grid = about.grid(given.n_points)
        if given.x_grid and not about.says_x:
            grid = XGrid(np.array(given.x_grid))
        family = Family(
            about.name or file.stem,
            units=about.units,
            x_name=about.x_name or grid.name,
            point_names=list(grid.point_names),
        )
        x_grid = grid.values.tolist()
    inputs = default_inputs(given.n_noise)
    specs = model_specs(inputs, given.n_points)
    check_shape(models, specs)
    exported = export_given(given, x_grid)
    judgement = judge_export(exported, specs, source, measures) if source else None
    description = Description(
        family=family,
        x_grid=x_grid,
        n_noise=given.n_noise,
        seed_rule=SEED_RULE,
        training=Training.elsewhere(given.file),
        quality=judgement.quality if judgement else {},
        parity=exported.parity,
        libraries={name: version(name) for name in LIBRARIES},
        measures=judgement.measures if judgement else [],
        verdict=judgement.verdict if judgement else "",
    )
    files = exported.files
    number = publish(models, description, files["generator"], files["sampler"])
    return Imported(number, description, given.taken_as, sorted(files["sampler"]))
