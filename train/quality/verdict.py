"""What the figures say, in a sentence."""

from collections.abc import Mapping, Sequence

from curvegan.repository.description import Measure
from train.quality.comparisons import (
    COVERAGE,
    ENERGY_DISTANCE,
    NEAR_DUPLICATES,
    NEIGHBOUR_RATIO,
    RANDOM_FOREST,
    SLICED_W1,
)

_OF_THE_WHOLE = (ENERGY_DISTANCE, SLICED_W1, COVERAGE)

# What may be wrong with curves that a forest tells apart.
_ASPECTS = {
    "roughness": "roughness",
    "autocorrelation": "autocorrelation",
    "deviation_difference": "spread",
    "mean_difference": "mean",
    "w1_of_a_point": "distribution of single points",
}

# Below so much of what real curves score, a difference is worth a word.
_LITTLE = 0.9
# So many near duplicates of training rows are.
_MANY = 0.05


def verdict(
    quality: Mapping[str, float], measures: Sequence[Measure], left_out: Mapping[str, str]
) -> str:
    """Returns a sentence on how near to real curves generated ones are, whether they can be told
    apart, and whether any were learnt by heart."""
    known = {measure.name: measure for measure in measures}
    if ENERGY_DISTANCE not in known:
        return f"Not compared with real curves: {left_out[ENERGY_DISTANCE]}."
    parts = [
        _nearness(quality, known),
        _classes(quality, known),
        _coverage(quality, known),
        _forest(quality, known),
        _memory(quality, known),
    ]
    return "; ".join(part for part in parts if part) + "."


def is_as_real(measure: Measure, value: float) -> bool:
    """Returns whether a value is what real curves score, as far as its interval tells."""
    if measure.floor is None:
        return False
    low = value if measure.low is None else measure.low
    high = value if measure.high is None else measure.high
    if measure.better == "lower":
        return low <= measure.floor
    if measure.better == "higher":
        return high >= measure.floor
    return low <= measure.floor <= high


def _nearness(quality: Mapping[str, float], known: Mapping[str, Measure]) -> str:
    measure, value = known[ENERGY_DISTANCE], quality[ENERGY_DISTANCE]
    gaussian = measure.gaussian
    as_real = [
        known[name].label
        for name in _OF_THE_WHOLE
        if name in known and is_as_real(known[name], quality[name])
    ]
    close = f"As close as other real curves in {_listed(as_real)}"
    if gaussian is not None and value >= gaussian:
        worth = "" if _fools_the_forest(quality, known) else ", so not worth publishing"
        figures = f"({value:{measure.format}} against {gaussian:{measure.format}})"
        if measure.label in as_real:
            return f"{close}, but a fitted Gaussian is as close and simpler {figures}{worth}"
        return f"No closer than a fitted Gaussian in {measure.label} {figures}{worth}"
    if measure.label in as_real:
        return close
    if gaussian is None:
        return f"Not as close as other real curves in {measure.label}"
    return (
        f"Not as close as other real curves, but {gaussian / value:.1f} times closer than a fitted "
        f"Gaussian in {measure.label}"
    )


def _classes(quality: Mapping[str, float], known: Mapping[str, Measure]) -> str:
    """Returns the class whose curves are furthest from real ones of it, if any are."""
    off = {
        name: quality[name] - (measure.floor or 0)
        for name, measure in known.items()
        if name.startswith(f"{ENERGY_DISTANCE}[") and not is_as_real(measure, quality[name])
    }
    if not off:
        return ""
    worst = known[max(off, key=off.__getitem__)]
    figure = f"{worst.label} {quality[worst.name]:{worst.format}}"
    if worst.floor is not None:
        figure += f" against {worst.floor:{worst.format}}"
    n = len(off)
    return f"{n} class{'es are' if n > 1 else ' is'} not as close as real ones ({figure})"


def _fools_the_forest(quality: Mapping[str, float], known: Mapping[str, Measure]) -> bool:
    """Returns whether a forest tells these curves from real ones less well than it tells a
    Gaussian's."""
    forest = known.get(RANDOM_FOREST)
    if not forest or forest.gaussian is None:
        return False
    worst = quality[RANDOM_FOREST] if forest.high is None else forest.high
    return worst < forest.gaussian


def _coverage(quality: Mapping[str, float], known: Mapping[str, Measure]) -> str:
    measure = known.get(COVERAGE)
    if not measure or measure.floor is None:
        return ""
    value = quality[COVERAGE]
    if is_as_real(measure, value) or value >= _LITTLE * measure.floor:
        return ""
    return f"{_percent(value)} of real curves have one nearby, not {_percent(measure.floor)}"


def _forest(quality: Mapping[str, float], known: Mapping[str, Measure]) -> str:
    measure = known.get(RANDOM_FOREST)
    if not measure:
        return ""
    value = quality[RANDOM_FOREST]
    if is_as_real(measure, value):
        return "a forest can't tell them from real ones"
    share = f"{round(10 * value)} in 10 pairs" if value < 0.95 else "nearly all pairs"
    return f"a forest tells {share} apart{_furthest_off(quality, known)}"


def _furthest_off(quality: Mapping[str, float], known: Mapping[str, Measure]) -> str:
    """Returns which aspect of curves is furthest from real ones, in units of its interval."""
    off = {}
    for name, aspect in _ASPECTS.items():
        measure = known.get(name)
        if not measure or measure.low is None or measure.high is None or measure.floor is None:
            continue
        width = measure.high - measure.low
        if width > 0 and not is_as_real(measure, quality[name]):
            off[aspect] = abs(quality[name] - measure.floor) / width
    return f", and their {max(off, key=off.__getitem__)} is furthest off" if off else ""


def _memory(quality: Mapping[str, float], known: Mapping[str, Measure]) -> str:
    near, ratio = known.get(NEAR_DUPLICATES), known.get(NEIGHBOUR_RATIO)
    if near and near.floor is not None:
        share = quality[NEAR_DUPLICATES]
        if share >= _MANY and not is_as_real(near, share):
            return (
                f"{_percent(share)} are near duplicates of training rows, as are "
                f"{_percent(near.floor)} of real ones"
            )
    if ratio and ratio.floor is not None:
        value = quality[NEIGHBOUR_RATIO]
        if value < _LITTLE * ratio.floor and not is_as_real(ratio, value):
            return f"they lie nearer to training rows than real ones do (ratio {value:.2f})"
    return ""


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _listed(labels: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(labels[:-1]), *labels[-1:]]))
