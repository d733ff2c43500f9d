"""What a training can learn: the families of curves that are built in, and tables of the user's;
and the measures that a family has of its own."""

from collections.abc import Callable
from pathlib import Path

from curvegan.errors import CurveganError
from curvegan.repository.description import Description, Measure, Parameter
from train.data.damped import damped
from train.data.logistic import logistic
from train.data.quadratics import Quadratics
from train.data.sines import sines
from train.data.source import Source
from train.data.table.source import TableSource
from train.quality import quadratics
from train.quality.measures import Measures
from train.settings import Settings

# The one that is learnt by default, and the only one that releases knew which did not describe
# their measures and parameters.
DEFAULT = Quadratics.name

_NO_MEASURES = Measures({})
_BUILT_IN: dict[str, tuple[Callable[[int], Source], Measures]] = {
    Quadratics.name: (Quadratics, quadratics.MEASURES),
    "sines": (sines, _NO_MEASURES),
    "logistic": (logistic, _NO_MEASURES),
    "damped": (damped, _NO_MEASURES),
}


def built_in(n_points: int, name: str = DEFAULT) -> tuple[Source, Measures]:
    """Returns the real curves of the family called `name`, of `n_points` each, and its measures.

    Raises CurveganError if there is no such family.
    """
    if name not in _BUILT_IN:
        raise CurveganError(
            f"the family {name!r} is not built into this release of curvegan, which has "
            f"{', '.join(_BUILT_IN)}: use the release that trained the model"
        )
    make_source, measures = _BUILT_IN[name]
    return make_source(n_points), measures


def source_of(settings: Settings, table: Path | None) -> tuple[Source, Measures]:
    """Returns the real curves that a training with `settings` learns, and the measures that they
    have of their own; `table` is the folder of a table that was read.

    Raises CurveganError if a file of that folder is missing or damaged.
    """
    if settings.data and table:
        return TableSource(table), _NO_MEASURES
    return built_in(settings.recipe.n_points, settings.family)


def measures_of(description: Description | None) -> list[Measure]:
    """Returns the measures by which a run was judged, or will be if nothing came out of it yet."""
    if description and (description.measures or description.family.name != DEFAULT):
        return description.measures
    return list(_BUILT_IN[DEFAULT][1])


def parameters_of(description: Description) -> list[Parameter]:
    """Returns what can be read off a model's curves."""
    if description.family.name == DEFAULT:
        # Manifests of earlier releases do not name them.
        return description.family.parameters or Quadratics(description.n_points).parameters
    return description.family.parameters
