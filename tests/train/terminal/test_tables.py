"""Tables of quality on the terminal."""

import re

import pytest

from curvegan.repository.description import Description, Family, Measure, Training
from train.quality.measures import ENERGY_TO_TRAINING
from train.run.folder import Member
from train.terminal.tables import print_population, print_quality

ENERGY = Measure(
    "energy", "energy distance", "lower", 0.002, gaussian=0.11, copies=0.007, low=-0.001, high=0.02
)
W1 = Measure("w1_a", "W1(a)", "lower")


def described(quality: dict[str, float], *measures: Measure) -> Description:
    training = Training("default", {}, 1, "cpu", 1.0, 0.5, -1.4)
    return Description(
        Family("loads"), [0.0, 1.0], 5, "", training, quality, {}, {}, list(measures), "Good."
    )


def test_a_measure_stands_beside_its_interval_and_its_yardsticks(
    capsys: pytest.CaptureFixture[str],
):
    print_quality(described({"energy": 0.01, "w1_a": 0.5}, W1, ENERGY), {})
    own, energy = capsys.readouterr().out.splitlines()[3:5]
    assert own.split() == ["W1(a)", "0.5000", "-", "-", "-"]
    assert re.split(r"  +", energy.strip()) == [
        "energy distance", "0.0100", "-0.0010 to 0.0200", "0.0020", "0.1100", "0.0070",
    ]  # fmt: skip


def test_what_is_left_out_is_told_once_for_each_reason(capsys: pytest.CaptureFixture[str]):
    left_out = {"coverage": "too few", "precision": "too few", "roughness": "straight lines"}
    print_quality(described({"w1_a": 0.5}, W1), left_out)
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "left out: coverage, precision (too few)",
        "left out: roughness (straight lines)",
    ]


def test_a_population_stands_in_the_order_of_what_chose_among_it(
    capsys: pytest.CaptureFixture[str],
):
    name = ENERGY_TO_TRAINING.name
    members = [
        Member(1, {name: 0.2}, 0.5, -1.4, exported=False),
        Member(2, {name: -0.1}, 0.5, -1.4, exported=True),
        Member(3, None, None, None, exported=False),
    ]
    print_population(members, [ENERGY])
    _, heading, _, *rows, _ = capsys.readouterr().out.splitlines()
    assert "energy distance to training rows" in heading
    assert [row.split() for row in rows] == [
        ["2", "-0.1000", "0.500", "-1.400", "exported"],
        ["1", "0.2000", "0.500", "-1.400"],
        ["3", "-", "-", "-", "diverged"],
    ]
