"""The progress of a search on the terminal."""

import pytest

from train.search.records import Point
from train.terminal.progress import show_trials


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([Point(50, None)], "trial 1/2 50 steps 0:"),
        ([Point(50, 0.5), Point(100, 0.25)], "trial 1/2 100 steps  best score 0.25 0:"),
    ],
)
def test_the_best_score_is_shown_once_there_is_one(
    capsys: pytest.CaptureFixture[str], points: list[Point], expected: str
):
    with show_trials(2) as show:
        for point in points:
            show(0, point)
    assert expected in capsys.readouterr().err
