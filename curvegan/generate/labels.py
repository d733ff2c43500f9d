"""The classes of curves that are asked for, by name or index."""

from collections.abc import Sequence

from curvegan.errors import CurveganError
from curvegan.repository.description import listed


def named_classes(asked: Sequence[str], known: Sequence[str]) -> list[str]:
    """Returns the names of the classes `asked` for, each a name or an index, of a model that has
    the classes `known`; none for a model without.

    Raises CurveganError for one that the model does not know, or if none is asked for and it has
    some.
    """
    if known and not asked:
        raise CurveganError(
            "this model makes curves of classes: name one with --label, of " + listed(known)
        )
    return [class_of(label, known) for label in asked]


def class_of(label: str, known: Sequence[str]) -> str:
    """Returns the class that `label` is the name of, or else the index: but where names are numbers
    themselves, another number is hardly meant as an index.

    Raises CurveganError for another.
    """
    if not known:
        raise CurveganError("this model makes curves without labels: leave --label out")
    if label in known:
        return label
    is_index = label.isascii() and label.isdecimal() and int(label[:9]) < len(known)
    if is_index and not any(map(_is_number, known)):
        return known[int(label)]
    raise CurveganError(f"label {label[:40]!r} is not known: this model has {listed(known)}")


def _is_number(label: str) -> bool:
    try:
        float(label)
    except ValueError:
        return False
    return True
