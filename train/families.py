"""The families of curves that are built in: real curves, and how generated ones are judged."""

from collections.abc import Callable

from curvegan.errors import CurveganError
from curvegan.repository.description import Description, Measure
from train.data.quadratics import Quadratics
from train.data.source import Source
from train.quality import quadratics
from train.quality.measures import Measures

# The one that is learnt, and the only one that releases knew which did not describe their measures.
DEFAULT = Quadratics.name

_BUILT_IN: dict[str, tuple[Callable[[int], Source], Measures]] = {
    Quadratics.name: (Quadratics, quadratics.MEASURES),
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


def measures_of(description: Description | None) -> list[Measure]:
    """Returns the measures by which a run was judged, or will be if nothing came out of it yet."""
    if description and description.measures:
        return description.measures
    return list(_BUILT_IN[DEFAULT][1])
