"""python -m train --data, as users run it."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from curvegan.errors import RepositoryError
from curvegan.files import locked
from curvegan.repository.description import Description
from curvegan.repository.publish import publish
from curvegan.repository.repository import Repository
from tests.support.commands import error_line, run_command, try_command
from tests.support.labelled.days import N_NOISE, N_POINTS, describe
from tests.train.data.tables import csv, curves, write
from tests.train.run.test_resume import interrupt
from train.data.table.data_file import DataFile
from train.pipeline import start
from train.recipes import RECIPES
from train.run.folder import Run
from train.run.table import table_read, warn_of_change
from train.settings import Settings
from train.terminal.tables import print_runs

HOURS = "00:30,01:00,01:30,02:00"
OPTIONS = ("--steps", "20", "--units", "kW", "--missing", "drop")
ROWS = np.concatenate([curves(150), [[1.5, np.nan, 1, 1]]])


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table, loads.csv, and a run that learnt it; said.txt has what it said."""
    folder = tmp_path_factory.mktemp("own")
    write(folder / "loads.csv", csv(ROWS, HOURS))
    done = run_command("train", "--data", "loads.csv", *OPTIONS, cwd=folder)
    write(folder / "said.txt", done.stdout + done.stderr)
    return folder


def run_of(folder: Path) -> Path:
    (run,) = (folder / "runs").iterdir()
    return run


def described(folder: Path) -> Description:
    return Repository(folder / "models").load(1).sampler_manifest.description


def test_a_table_becomes_a_model_that_describes_its_curves(learnt: Path):
    description = described(learnt)
    family = description.family
    assert (family.name, family.units, family.x_name) == ("loads", "kW", "hour")
    assert family.point_names == HOURS.split(",")
    assert description.x_grid == [0.5, 1, 1.5, 2]
    assert (family.lower_bound, family.parameters, family.labels) == (None, [], [])
    assert description.training.hyperparameters["n_points"] == 4


def test_what_was_read_is_printed_before_the_training(learnt: Path):
    said = (learnt / "said.txt").read_text()
    table, _, _ = said.partition("published version 1")
    lines = {line.strip().partition("   ")[0]: line for line in table.splitlines()}
    assert str(learnt / "loads.csv") in table.replace("\n", "")
    for fact, value in {
        "rows": "151",
        "curves": "151 of 4 points",
        "hour": "00:30 to 02:00, from the first line",
        "dropped": "1 with missing cells",
        "duplicates": "0",
        "constant points": "none",
        "range": f"{np.nanmin(ROWS):.6g} to {np.nanmax(ROWS):.6g} kW",
        "split": "117 to train on, 33 held out",
    }.items():
        assert value in lines[fact]


def test_few_curves_are_warned_of(learnt: Path):
    assert "warning: 150 curves are few: they are easily learnt by heart, and the 33" in (
        learnt / "said.txt"
    ).read_text().replace("\n", " ")


def read(folder: Path, **asked: str) -> list[str]:
    """Reads loads.csv for a run below `folder`, and returns what is warned of."""
    data = DataFile(str(folder / "loads.csv"), **asked)
    warned: list[str] = []
    settings = Settings("curves", RECIPES["curves"], data=data)
    with table_read(settings, folder / "runs", lambda _: None, warned.append):
        return warned


@pytest.mark.parametrize(
    ("header", "is_warned_of"),
    [
        ("-1.2,-0.9,0.3,1.7", True),
        ("-1,0,1,2", False),
        ("1,3,6,12", False),
        ("00:30,01:00,02:00,03:00", False),
        ("a,b,c,d", False),
    ],
)
def test_a_first_line_that_is_taken_for_x_and_may_be_a_curve_is_warned_of(
    tmp_path: Path, header: str, is_warned_of: bool
):
    """It rises in uneven steps, and is as near to the mean as the curves."""
    path = write(tmp_path / "loads.csv", csv(curves(300), header))
    line = f"the first line of {path} was taken for x, but looks like one of its curves"
    assert [warning.startswith(line) for warning in read(tmp_path)] == [True] * is_warned_of


def test_what_a_killed_process_was_reading_is_removed_but_not_what_another_reads(tmp_path: Path):
    write(tmp_path / "loads.csv", csv(curves(300)))
    killed, reading = (f".part-{16 * digit}" for digit in "01")
    for name in (killed, reading):
        (tmp_path / "runs" / name / "data").mkdir(parents=True)
        write(tmp_path / "runs" / name / "lock", "")
    with locked(tmp_path / "runs" / reading / "lock", wait=False):
        read(tmp_path)
        assert [path.name for path in (tmp_path / "runs").iterdir()] == [reading]


def test_a_model_of_other_classes_is_refused_before_the_training(tmp_path: Path):
    publish(tmp_path / "models", describe(), *[{"model.onnx": b"onnx", "model.pt": b"pt"}] * 2)
    rows = [[*row, "ab"[number % 2]] for number, row in enumerate(curves(300, N_POINTS))]
    header = ",".join([*map(str, range(N_POINTS)), "kind"])
    path = write(tmp_path / "loads.csv", csv(rows, header))
    recipe = replace(RECIPES["curves"], n_noise=N_NOISE)
    data = DataFile(str(path), label_column="kind")
    settings = Settings("curves", recipe, models=str(tmp_path / "models"), data=data)
    with pytest.raises(RepositoryError, match="the class 'working day' at index 0, this one 'a'"):
        start(settings, tmp_path / "runs", lambda _: None, lambda _: None)


def test_runs_are_listed_with_the_name_of_their_curves(
    learnt: Path, capsys: pytest.CaptureFixture[str]
):
    print_runs(learnt / "runs")
    assert re.search(rf"{run_of(learnt).name} +loads +20/20 ", capsys.readouterr().out)


def test_a_table_s_curves_are_drawn(learnt: Path):
    for name in ("curves.png", "losses.png", "learning.gif"):
        assert (run_of(learnt) / name).stat().st_size


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was interrupted before its end; the table that it learns is gone."""
    folder = tmp_path_factory.mktemp("interrupted")
    table = write(folder / "loads.csv", csv(curves(300), HOURS))
    options = ("--data", "loads.csv", "--steps", "100", "--no-pictures")
    interrupt(*options, "--checkpoint-every", "50", cwd=folder)
    table.unlink()
    return run_of(folder)


def test_a_run_goes_on_without_the_file_that_it_read(interrupted: Path, tmp_path: Path):
    run = shutil.copytree(interrupted, tmp_path / "run")
    assert Run(run).step == 50
    done = run_command("train", "--resume", str(run), "--no-pictures", cwd=tmp_path)
    assert "warning" not in done.stderr
    assert described(tmp_path).family.name == "loads"


def test_a_file_that_has_changed_since_a_run_read_it_is_warned_of(learnt: Path):
    table, warned = learnt / "loads.csv", []
    content = table.read_bytes()
    warn_of_change(Run(run_of(learnt)), warned.append)
    assert not warned
    table.write_bytes(content.replace(b"1.5", b"2.5"))
    try:
        warn_of_change(Run(run_of(learnt)), warned.append)
    finally:
        table.write_bytes(content)
    assert len(warned) == 1
    assert warned[0].startswith(f"{table} has changed since this run read it, and the run goes on")


def test_a_run_whose_curves_were_damaged_is_one_line(interrupted: Path, tmp_path: Path):
    run = shutil.copytree(interrupted, tmp_path / "run")
    write(run / "data" / "training.f32", b"")
    line = error_line(try_command("train", "--resume", str(run), cwd=tmp_path))
    assert "data/training.f32 is damaged" in line
    assert not (tmp_path / "models").exists()


def test_a_table_that_can_t_be_learnt_leaves_nothing(tmp_path: Path):
    path = write(tmp_path / "loads.csv", csv(ROWS, HOURS))
    line = error_line(try_command("train", "--data", "loads.csv", cwd=tmp_path))
    assert line.startswith("error: loads.csv, row 151 (line 152), column '01:00': the number is")
    assert list(tmp_path.iterdir()) == [path]


def test_a_model_of_another_shape_is_refused_before_the_training(learnt: Path, tmp_path: Path):
    path = write(tmp_path / "loads.csv", csv(curves(200, 5), "0,1,2,3,4"))
    done = try_command(
        "train", "--data", "loads.csv", "--models", str(learnt / "models"), cwd=tmp_path
    )
    assert "of other dimensions ([-1, 4] -> [-1, 4])" in error_line(done)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--data", "a.csv", "--points", "9"], "--points is for curves that are built in: a"),
        (
            ["--data", "a.csv", "--family", "sines"],
            "--family names curves that are built in:",
        ),
        (["--units", "kW"], "--units says how to read a table: name it with --data"),
        (["--label-column", "kind"], "--label-column says how to read a table"),
        (["--data", "a.csv", "--resample", "1"], "resample is 1: give 2 to 4096 points"),
        (["--data", "a.csv", "--missing", "zero"], "zero"),
        (["--data", "a.csv"], "can't read a.csv: No such file or directory"),
        (["--data", "."], "its name must end in .csv, .tsv, .parquet, .npy or .npz"),
        (["--family", "cubics"], "cubics"),
    ],
)
def test_options_of_a_table_that_do_not_fit_are_one_line(options, expected, tmp_path: Path):
    assert expected in error_line(try_command("train", *options, cwd=tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--data", "other.csv"], "has data that was read already: leave that option out"),
        (["--family", "sines"], "has family quadratics, not sines: leave that option out"),
    ],
)
def test_a_run_can_t_be_resumed_with_other_curves(learnt: Path, tmp_path: Path, options, expected):
    done = try_command("train", "--resume", str(run_of(learnt)), *options, cwd=tmp_path)
    assert expected in error_line(done)


def test_a_built_in_family_is_learnt_at_as_many_points_as_are_asked_for(tmp_path: Path):
    """As far as its first steps: judging it would take a minute."""
    options = ("--family", "damped", "--points", "30", "--steps", "100", "--checkpoint-every", "50")
    interrupt(*options, cwd=tmp_path)
    settings = Run(run_of(tmp_path)).settings
    assert (settings.family, settings.data) == ("damped", None)
    assert settings.recipe.n_points == 30
