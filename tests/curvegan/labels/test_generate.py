"""curvegan generate with a labelled model, and with names of points and units."""

import csv
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from curvegan.errors import CurveganError
from curvegan.generate.answer import Answer, Block
from curvegan.generate.labels import class_of
from curvegan.generate.output import save, writer_for
from curvegan.repository.model import Model
from curvegan.repository.repository import Repository
from serve.running import RunningServer
from tests.support.commands import error_line, try_command
from tests.support.labelled.days import LABELS, POINT_NAMES, X_GRID


@pytest.fixture
def ask(labelled_server: RunningServer, tmp_path: Path):
    """Runs the command in an empty folder."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        given = ("--server", labelled_server.address, *arguments)
        return try_command("curvegan", "generate", *given, cwd=tmp_path)

    return run


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_a_csv_has_a_column_of_labels_and_the_names_and_units_of_the_points(
    ask, labelled_engine, tmp_path: Path
):
    options = ("--label", LABELS[1], "--label", "2", "--label", LABELS[0])
    done = ask("--seeds", "0-4,-7", "--out", "c.csv", *options)
    assert done.stdout == "wrote 18 curves of model version 1 to c.csv\n", done.stderr
    header, *rows = rows_of(tmp_path / "c.csv")
    assert header == ["seed", "label", *(f"{name} [kW]" for name in POINT_NAMES)]
    seeds = np.array([0, 1, 2, 3, 4, -7])
    assert [int(row[0]) for row in rows] == 3 * seeds.tolist()
    assert [row[1] for row in rows] == [LABELS[i] for i in (1, 2, 0) for _ in seeds]
    expected = [labelled_engine.curves_from_seeds(seeds, np.full(6, i)) for i in (1, 2, 0)]
    curves = np.array([row[2:] for row in rows], np.float32)
    assert curves.tobytes() == np.concatenate(expected).tobytes()


def test_npy_and_png_hold_the_curves_of_all_labels(ask, labelled_engine, tmp_path: Path):
    both = ("--label", LABELS[2], "--label", LABELS[0])
    assert ask("--seeds", "0-9", "--out", "c.npy", *both).returncode == 0
    expected = [labelled_engine.curves_from_seeds(np.arange(10), np.full(10, i)) for i in (2, 0)]
    assert np.load(tmp_path / "c.npy").tobytes() == np.concatenate(expected).tobytes()
    for name, labels in (("one.png", both[:2]), ("both.png", both)):
        done = ask("--seeds", "0-9", "--out", name, *labels)
        assert (done.returncode, done.stderr) == (0, "")
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([], "makes curves of classes: name one with --label, of 0 'working day', 1 'Sünd-"),
        (["Monday"], "label 'Monday' is not known: this model has 0 'working day', 1"),
        (["3"], "label '3' is not known"),
        (["-1"], "label '-1' is not known"),
        (["9" * 500], "is not known"),
        ([LABELS[0], ""], "label '' is not known"),
    ],
)
def test_wrong_labels_are_one_line_and_leave_no_file(ask, tmp_path: Path, labels, expected):
    options = [f"--label={label}" for label in labels]
    assert expected in error_line(ask("--seeds", "1", "--out", "c.csv", *options))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("label", "known"), [("3", ["10", "20", "30", "40"]), ("0", ["1", "2"])])
def test_an_index_is_no_label_where_names_are_numbers(label: str, known: list[str]):
    with pytest.raises(CurveganError, match=f"label '{label}' is not known: this model has 0 '"):
        class_of(label, known)
    assert class_of(known[1], known) == known[1]


def test_labels_for_a_model_without_are_one_line(server: RunningServer, tmp_path: Path):
    done = try_command(
        "curvegan", "generate", "--server", server.address, "--seeds", "1", "--out", "c.csv",
        "--label", "0", cwd=tmp_path,
    )  # fmt: skip
    assert "this model makes curves without labels: leave --label out" in error_line(done)


HEADERS = [
    ({"point_names": []}, [f"hour={x:.9g} [kW]" for x in X_GRID]),
    ({"point_names": [], "units": ""}, [f"hour={x:.9g}" for x in X_GRID]),
    ({"point_names": [], "units": "", "x_name": ""}, [f"x={x:.9g}" for x in X_GRID]),
    ({"units": ""}, POINT_NAMES),
    ({"point_names": ['a,"b"', *POINT_NAMES[1:]], "units": ""}, ['a,"b"', *POINT_NAMES[1:]]),
]


@pytest.mark.parametrize(("changes", "expected"), HEADERS)
def test_the_header_names_the_points_as_the_model_does(
    labelled: Path, tmp_path: Path, changes: dict[str, object], expected: list[str]
):
    model = replace(Model.of(Repository(labelled).load(1), max_rows=10), **changes)
    blocks = [
        Block(np.array([7]), np.ones((1, 24), np.float32), label) for label in ("50 %", "a,b")
    ]
    path = tmp_path / "c.csv"
    save(path, Answer(model, 1, ["50 %", "a,b"], blocks), writer_for(path))
    header, *rows = rows_of(path)
    assert header == ["seed", "label", *expected]
    assert [row[:3] for row in rows] == [["7", "50 %", "1"], ["7", "a,b", "1"]]
