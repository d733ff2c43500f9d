"""What a user says of an imported generator's curves."""

from pathlib import Path

import numpy as np
import pytest

from curvegan.errors import CurveganError
from train.importing.asked import Asked


@pytest.mark.parametrize("content", ["1 2 3", "0, 1, 2\n3 4 5 6 7 8 9 10 11 12 13 14\n"])
def test_x_stands_in_a_file_of_numbers(content: str, tmp_path: Path):
    path = tmp_path / "x.txt"
    path.write_text(content)
    n_points = len(content.replace(",", " ").split())
    first = float(content[0])
    assert Asked(x=path).x_grid(n_points) == [first + number for number in range(n_points)]
    np.save(tmp_path / "x.npy", np.arange(n_points))
    assert Asked(x=tmp_path / "x.npy").x_grid(n_points) == [float(it) for it in range(n_points)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"0 1", r"holds 2 values of x: give 3 finite numbers"),
        (b"0 2 1", "each above the one before"),
        (b"0 1 inf", "give 3 finite numbers"),
        (b"0 1 two", "could not convert string to float: 'two'; give only numbers"),
        (b"0\xff 1", "can't decode byte 0xff"),
        (b"", "holds 0 values"),
    ],
)
def test_a_file_with_another_x_is_refused(content: bytes, expected: str, tmp_path: Path):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(CurveganError, match=expected):
        Asked(x=tmp_path / "x").x_grid(3)


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
        Asked(**asked)
