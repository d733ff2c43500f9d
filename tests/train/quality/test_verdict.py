"""What a verdict says of figures."""

from curvegan.repository.description import Measure
from train.quality.verdict import verdict

ENERGY = Measure(
    "energy_distance", "energy distance", "lower", 0.01, gaussian=0.12, low=0.0, high=0.02
)
FOREST = Measure("auc_random_forest", "AUC", "lower", 0.5, gaussian=0.98, low=0.65, high=0.75)
ROUGHNESS = Measure("roughness", "roughness", "nearer", 1.0, gaussian=2.0, low=1.4, high=1.6)
COVERAGE = Measure("coverage", "coverage", "higher", 0.95, gaussian=0.5, low=0.9, high=1.0)
RATIO = Measure("neighbour_ratio", "ratio", "nearer", 1.0, gaussian=1.0, low=0.5, high=0.7)


def of(*measured: tuple[Measure, float]) -> str:
    quality = {measure.name: value for measure, value in measured}
    return verdict(quality, [measure for measure, _ in measured], {})


def test_it_names_in_what_curves_are_as_close_as_real_ones_and_what_a_forest_sees():
    assert of((ENERGY, 0.011), (COVERAGE, 0.94), (FOREST, 0.7), (ROUGHNESS, 1.5)) == (
        "As close as other real curves in energy distance and coverage; a forest tells 7 in 10 "
        "pairs apart, and their roughness is furthest off."
    )


def test_it_says_how_much_closer_than_a_gaussian_curves_are_that_are_not_as_close():
    far = Measure("energy_distance", "energy distance", "lower", 0.01, 4, 0.12, low=0.02, high=0.04)
    assert of((far, 0.03)) == (
        "Not as close as other real curves, but 4.0 times closer than a fitted Gaussian in energy "
        "distance."
    )


def test_it_says_that_no_better_than_a_gaussian_is_not_worth_publishing():
    far = Measure("energy_distance", "energy distance", "lower", 0.01, 4, 0.12, low=0.1, high=0.3)
    assert of((far, 0.2)) == (
        "No closer than a fitted Gaussian in energy distance (0.2000 against 0.1200), so not worth "
        "publishing."
    )
    close = Measure("energy_distance", "energy distance", "lower", 0.01, 4, 0.01, low=0, high=0.03)
    assert "as close and simpler (0.0110 against 0.0100), so not worth" in of((close, 0.011))


def test_curves_that_a_forest_tells_less_well_than_a_gaussian_s_are_worth_it():
    far = Measure("energy_distance", "energy distance", "lower", 0.01, 4, 0.12, low=0.1, high=0.3)
    assert "worth publishing" not in of((far, 0.2), (FOREST, 0.7))


def test_it_says_what_is_missed_and_what_was_copied():
    missing = Measure("coverage", "coverage", "higher", 0.95, gaussian=0.5, low=0.5, high=0.7)
    assert of((ENERGY, 0.011), (missing, 0.6), (RATIO, 0.6)).split("; ")[1:] == [
        "60 % of real curves have one nearby, not 95 %",
        "they lie nearer to training rows than real ones do (ratio 0.60).",
    ]
    near = Measure("near_duplicates", "near", "lower", 0.01, low=0.3, high=0.5)
    assert of((ENERGY, 0.011), (near, 0.4), (RATIO, 0.6)).endswith(
        "40 % are near duplicates of training rows, as are 1 % of real ones."
    )


def test_a_forest_that_guesses_and_one_that_knows():
    guessing = Measure("auc_random_forest", "AUC", "lower", 0.5, low=0.45, high=0.6)
    assert of((ENERGY, 0.01), (guessing, 0.52)).endswith("can't tell them from real ones.")
    knowing = Measure("auc_random_forest", "AUC", "lower", 0.5, low=0.95, high=1.0)
    assert of((ENERGY, 0.01), (knowing, 0.99)).endswith("tells nearly all pairs apart.")


def test_it_names_the_class_that_is_furthest_from_real_ones():
    measures = [
        (
            Measure(
                f"energy_distance[{name}]", f"energy distance, {name}", "lower", 0.01, 4, low=low
            ),
            2,
        )
        for name, low in (("a", 1.0), ("b", 1.5), ("c", 0.0))
    ]
    far = (measures[1][0], 2.7)
    assert of((ENERGY, 0.011), measures[0], far, measures[2]) == (
        "As close as other real curves in energy distance; 2 classes are not as close as real ones "
        "(energy distance, b 2.7000 against 0.0100)."
    )
    assert "class" not in of((ENERGY, 0.011), measures[2])


def test_it_says_why_nothing_was_compared():
    assert verdict({}, [], {"energy_distance": "too few"}) == (
        "Not compared with real curves: too few."
    )
