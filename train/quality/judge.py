"""Judges a generator's curves: by its family's own measures, and beside real curves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from curvegan.arrays import Float32Array, Float64Array, Int64Array
from curvegan.errors import CurveganError
from curvegan.repository.description import Measure
from train.data.source import Source
from train.quality.comparisons import COMPARISONS, DISTANCES, OF_A_CLASS, Comparison
from train.quality.measures import N_SEEDS, Measures
from train.quality.samples import NotMeasuredError, Reference, Sample, curves_to_judge
from train.quality.verdict import verdict

# A value, and what a yardstick scores, is the mean over so many samples.
_DRAWS = 3

# For its interval, a measure is computed of so many samples of half as many other generated curves
# and half of the held-out ones. Half of the rows, drawn without putting back, vary as much around
# the value of all of them as these do around that of infinitely many.
_HALVES = 8
# Held-out curves that are kept to be drawn, and numbers in all of them.
_KEPT_CURVES = 500
_KEPT_NUMBERS = 10**6

# Within so many deviations lie nine tenths of Student's t distribution for as many samples.
_DEVIATIONS = 1.895


@dataclass(frozen=True)
class Judgement:
    """How good generated curves are.

    `quality` has each measure's value by its name, `measures` say how these are to be read, with
    what the yardsticks score; `left_out` names the measures that have no value, and says why.
    `held_out` are some of the real curves by which the generated ones were judged, float32
    [n, n_points].
    """

    quality: dict[str, float]
    measures: list[Measure]
    verdict: str
    left_out: dict[str, str]
    held_out: Float32Array = field(repr=False)


def n_judged(source: Source, measures: Measures) -> int:
    """Returns how many generated curves to judge: a family's own measures take N_SEEDS."""
    return N_SEEDS if list(measures) else curves_to_judge(source.n_points)


def judge(
    curves: Float32Array, classes: Int64Array, source: Source, measures: Measures
) -> Judgement:
    """Judges generated curves, float32 [n, n_points], of `classes`, int64 [n], all 0 without
    labels.

    First come the family's own `measures`, of all of the curves; then those that compare some of
    them, `curves_to_judge` at most, with real curves. The same curves get the same figures.

    Raises CurveganError if not all of the curves are finite.
    """
    finite = np.isfinite(curves).all(axis=1)
    if not finite.all():
        raise CurveganError(
            f"{np.count_nonzero(~finite)} of {len(curves)} generated curves are not finite: train "
            "with smaller learning rates (--lr-g, --lr-d)"
        )
    own = measures.of(curves, source)
    compared = _compare(curves, classes, source, DISTANCES if own else COMPARISONS)
    held_out, _ = source.held_out(min(_KEPT_CURVES, _KEPT_NUMBERS // source.n_points))
    quality = own | compared.quality
    explained = [*measures, *compared.measures]
    return Judgement(
        quality,
        explained,
        verdict(quality, explained, compared.left_out),
        compared.left_out,
        held_out,
    )


@dataclass
class _Compared:
    """The values of comparisons, and how they are to be read."""

    quality: dict[str, float] = field(default_factory=dict)
    measures: list[Measure] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


def _compare(
    curves: Float32Array, classes: Int64Array, source: Source, comparisons: Sequence[Comparison]
) -> _Compared:
    compared = _Compared()
    try:
        reference = Reference.of(source)
    except NotMeasuredError as error:
        compared.left_out = {comparison.measure.name: str(error) for comparison in comparisons}
        return compared
    _add(compared, reference, curves, comparisons)
    for number, label in enumerate(source.labels):
        of_class = [_named_after(comparison, label) for comparison in OF_A_CLASS]
        _add(compared, reference.of_class(number), curves[classes == number], of_class)
    return compared


def _named_after(comparison: Comparison, label: str) -> Comparison:
    measure = comparison.measure
    name, title = f"{measure.name}[{label}]", f"{measure.label}, {label}"
    return replace(comparison, measure=replace(measure, name=name, label=title))


def _add(
    compared: _Compared,
    reference: Reference,
    curves: Float32Array,
    comparisons: Sequence[Comparison],
) -> None:
    """Compares `curves` with the reference, and says it in `compared`."""
    n = min(reference.n, len(curves))
    too_few = min(comparison.n_least for comparison in comparisons)
    if n < too_few:
        reason = f"it takes {too_few} curves a side, there are {n}"
        compared.left_out |= {comparison.measure.name: reason for comparison in comparisons}
        return
    rng = np.random.default_rng(0)
    drawn = _values(lambda: reference.sample(curves, rng, n), _DRAWS, comparisons)
    halves = _values(lambda: reference.sample(curves, rng, n // 2), _HALVES, comparisons)
    real = _values(lambda: reference.real(rng), _DRAWS, comparisons)
    gaussian = _values(lambda: reference.gaussian(rng), _DRAWS, comparisons)
    copies = _values(lambda: reference.copies(rng), _DRAWS, comparisons)
    for comparison in comparisons:
        measure = comparison.measure
        values = drawn[measure.name]
        if isinstance(values, str):
            compared.left_out[measure.name] = values
            continue
        value = float(values.mean())
        low, high = _interval(value, halves[measure.name], comparison)
        compared.quality[measure.name] = value
        compared.measures.append(
            replace(
                measure,
                floor=_floor(real[measure.name], comparison),
                gaussian=_mean(gaussian[measure.name]),
                copies=_mean(copies[measure.name]),
                low=low,
                high=high,
            )
        )


# The values of a measure in several samples, or why it has none.
_Values = Float64Array | str


def _values(
    draw: Callable[[], Sample], n_samples: int, comparisons: Sequence[Comparison]
) -> dict[str, _Values]:
    """Returns the values of each measure, by its name, in samples that are drawn one by one."""
    values: dict[str, list[float]] = {comparison.measure.name: [] for comparison in comparisons}
    left_out: dict[str, _Values] = {}
    for _ in range(n_samples):
        sample = draw()
        for comparison in comparisons:
            name = comparison.measure.name
            try:
                values[name].append(comparison.of(sample))
            except NotMeasuredError as error:
                left_out[name] = str(error)
    return {name: np.array(numbers) for name, numbers in values.items()} | left_out


def _mean(values: _Values) -> float | None:
    return None if isinstance(values, str) else float(values.mean())


def _floor(values: _Values, comparison: Comparison) -> float | None:
    if comparison.is_centred and not isinstance(values, str):
        return float(np.sqrt((values**2).mean()))
    return _mean(values)


def _interval(
    value: float, halves: _Values, comparison: Comparison
) -> tuple[float | None, float | None]:
    if isinstance(halves, str):
        return None, None
    half_width = _DEVIATIONS * float(halves.std(ddof=1))
    low = max(comparison.lowest, value - half_width)
    return low, min(comparison.highest, value + half_width)
