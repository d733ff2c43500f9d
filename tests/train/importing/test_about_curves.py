"""What a user says of an imported generator's curves."""

from pathlib import Path

import numpy as np
import pytest

from curvegan.errors import CurveganError
from train.importing.about_curves import AboutCurves


@pytest.mark.parametrize(
    ("content", "expected", "name"),
    [
        ("1 2 3", [1, 2, 3], "x"),
        ("0, 1, 2\n3 4 5 6 7 8 9 10 11 12 13 14\n", list(range(15)), "x"),
        ("00:30\n01:30\n", [0.5, 1.5], "hour"),
    ],
)
def test_x_stands_in_a_file(content: str, expected: list[float], name: str, tmp_path: Path):
    path = tmp_path / "x.txt"
    path.write_text(content)
    grid = AboutCurves(x=path).grid(len(expected))
    assert (grid.values.tolist(), grid.name) == (expected, name)
    np.save(tmp_path / "x.npy", np.array(expected))
    assert AboutCurves(x=tmp_path / "x.npy").grid(len(expected)).values.tolist() == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"x_from": 1.0}, "--x-from and --x-to belong together"),
        ({"x_from": 1.0, "x_to": 1.0}, "x goes from 1.0 to 1.0: give two finite numbers"),
        ({"x_from": 1.0, "x_to": float("inf")}, "give two finite numbers"),
        ({"x_from": 1.0, "x_to": 2.0, "x": Path("x")}, "--x FILE says all of x"),
        ({"units": "k\nW"}, r"units is 'k\\nW': give at most 100 printable characters"),
        ({"name": "n" * 101}, "give at most 100 printable"),
    ],
)
def test_what_does_not_go_together_is_refused(asked, expected: str):
    with pytest.raises(CurveganError, match=expected):
        AboutCurves(**asked)


@pytest.mark.parametrize(
    ("x_from", "x_to", "expected"),
    [
        (-1.7e308, 1.7e308, "point 1: x is not a finite number"),
        (1.0, 1.0000000000000002, "point 2: x is 1 after 1, and it must increase: give ends"),
    ],
)
def test_x_that_float64_cannot_space_evenly_is_refused(x_from: float, x_to: float, expected: str):
    with pytest.raises(CurveganError, match=expected):
        AboutCurves(x_from=x_from, x_to=x_to).grid(4)
