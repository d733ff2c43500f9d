"""What a run leaves for people to look at."""

import json
import re
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from curvegan.repository.manifest import sha256
from tests.support.commands import error_line, run_command, try_command
from train.pictures.outcome import Outcome
from train.run.folder import Run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs: of a population of three, and of the tutorial's recipe."""
    folder = tmp_path_factory.mktemp("pictures")
    run_command("train", "--steps", "2000", "--population", "3", "--tensorboard", cwd=folder)
    run_command("train", "--steps", "500", "--recipe", "tutorial", "--seed", "7", cwd=folder)
    return folder


@pytest.fixture
def runs(folder: Path) -> list[Path]:
    return sorted((folder / "runs").iterdir(), key=lambda path: path.name.endswith("7"))


@pytest.mark.parametrize("name", ["curves.png", "losses.png", "quality.png", "learning.gif"])
def test_a_run_leaves_pictures(runs: list[Path], name: str):
    for run in runs:
        with Image.open(run / name) as picture:
            picture.load()
            assert min(picture.size) >= 400
            assert len(np.unique(np.asarray(picture.convert("L")))) > 10


def test_learning_gif_moves_from_noise_to_a_curve_of_the_family(runs: list[Path]):
    with Image.open(runs[0] / "learning.gif") as animation:
        assert animation.n_frames >= 40
        animation.seek(0)
        first = np.asarray(animation.convert("RGB"), float)
        animation.seek(animation.n_frames - 1)
        last = np.asarray(animation.convert("RGB"), float)
    assert (first != last).any(axis=2).sum() > 1000
    outcome = Outcome.of(Run(runs[0]))
    (start, before), *_, (end, after) = outcome.history.frames
    assert (start, end) == (0, 2000)
    lower, upper = outcome.bounds
    drawn = after[outcome.member].numpy()
    assert ((drawn > lower - 0.2) & (drawn < upper + 0.2)).mean() > 0.8
    assert (before[outcome.member].numpy() > lower - 0.2).mean() <= 0.7


def test_the_member_that_was_exported_is_the_one_that_is_drawn(runs: list[Path]):
    outcome = Outcome.of(Run(runs[0]))
    _, frame = outcome.history.frames[-1]
    np.testing.assert_allclose(frame[outcome.member], outcome.curves[: frame.shape[1]], atol=1e-5)
    seeds = [member.seed for member in Run(runs[0]).members]
    assert outcome.description.training.seed == seeds[outcome.member]


def test_a_population_s_table_is_printed_and_kept(tmp_path: Path):
    done = run_command(
        "train", "--steps", "100", "--population", "3", "--no-pictures", cwd=tmp_path
    )
    (run,) = (tmp_path / "runs").iterdir()
    members = Run(run).members
    assert [member.seed for member in members] == [1, 2, 3]
    assert sum(member.exported for member in members) == 1
    for member in members:
        assert f"{member.quality['w1_a']:.4f}" in done.stdout
    assert done.stdout.count("exported") == 1


def test_tensorboard_events_hold_every_report(runs: list[Path]):
    (events,) = runs[0].glob("events.out.tfevents.*")
    n_reports = (runs[0] / "log.jsonl").read_text().count("\n")
    content, records = events.read_bytes(), []
    while content:  # TFRecord: length, its checksum, the record, its checksum
        (length,) = struct.unpack_from("<Q", content)
        records.append(content[12 : 12 + length])
        content = content[16 + length :]
    for seed in (1, 2, 3):
        assert sum(f"d_real/seed {seed}".encode() in record for record in records) == n_reports
        assert sum(f"score/seed {seed}".encode() in record for record in records) == n_reports


def test_without_tensorboard_one_line_says_what_to_install(tmp_path: Path):
    done = try_command("train", "--steps", "50", "--tensorboard", cwd=without(tmp_path))
    assert "pip install 'curvegan[tensorboard]'" in error_line(done)


def without(folder: Path) -> Path:
    """A folder in which TensorBoard can't be imported."""
    (folder / "tensorboard.py").write_text("raise ImportError")
    return folder


def test_pictures_can_be_drawn_later(trained: Path, tmp_path: Path):
    shutil.copytree(trained / "runs", tmp_path / "runs")
    (run,) = (tmp_path / "runs").iterdir()
    for path in run.glob("*.png"):
        path.unlink()
    run_command("train", "draw", str(run), cwd=tmp_path)
    assert {path.name for path in run.glob("*.png")} == {"curves.png", "losses.png", "quality.png"}
    (run / "population.json").unlink()
    line = error_line(try_command("train", "draw", str(run), cwd=tmp_path))
    assert "has no population.json that names the exported GAN" in line


def test_no_pictures_leaves_none(tmp_path: Path):
    run_command("train", "--steps", "50", "--no-pictures", cwd=tmp_path)
    (run,) = (tmp_path / "runs").iterdir()
    assert {path.name for path in run.iterdir()} == {
        "settings.json", "log.jsonl", "checkpoint.pt", "population.json", "export",
        "published.json", "quality.json", "held_out.npy",
    }  # fmt: skip


def test_runs_lists_each_with_its_state_and_quality(folder: Path, runs: list[Path]):
    table = run_command("train", "runs", cwd=folder).stdout
    for run, steps, version in zip(runs, ("2000/2000", "500/500"), (1, 2), strict=True):
        quality = Run(run).description.quality
        (line,) = (line for line in table.splitlines() if run.name in line)
        for fact in (steps, f"{quality['w1_a']:.4f}", f"{quality['in_bounds']:.3f}"):
            assert fact in line
        assert f"version {version}" in line


def test_runs_lists_damaged_and_unfinished_runs_too(runs: list[Path], tmp_path: Path):
    damaged = shutil.copytree(runs[0], tmp_path / "runs" / "damaged")
    (damaged / "settings.json").write_text("{")
    unfinished = shutil.copytree(runs[1], tmp_path / "runs" / "unfinished")
    shutil.rmtree(unfinished / "export")
    (unfinished / "published.json").unlink()
    odd = shutil.copytree(runs[1], tmp_path / "runs" / "[bold]")
    (odd / "log.jsonl").write_text('{"step": "x"}\n')
    lines = run_command("train", "runs", cwd=tmp_path).stdout.splitlines()
    assert any("[bold]" in line and "can't read" in line for line in lines)
    assert any("damaged" in line and "can't read" in line for line in lines)
    assert any("unfinished" in line and "500/500" in line for line in lines)


def test_compare_shows_what_differs_and_draws_both(folder: Path, runs: list[Path]):
    names = [f"runs/{run.name}" for run in runs]
    done = run_command("train", "compare", *names, "--out", "both.png", cwd=folder)
    table = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line.strip()}
    assert table["recipe"] == ["default", "tutorial"]
    assert table["steps"] == ["2000", "500"]
    assert "n_points" not in table
    assert len(table["W1(a)"]) == 2
    with Image.open(folder / "both.png") as picture:
        assert picture.size[0] > 1000


def described(run: Path, folder: Path, **changes: object) -> Path:
    """A copy of a run whose description is another; None removes what it says."""
    export = shutil.copytree(run, folder / "runs" / "other") / "export"
    fields = json.loads((export / "description.json").read_text()) | changes
    description = json.dumps({name: value for name, value in fields.items() if value is not None})
    (export / "description.json").write_text(description)
    sums = json.loads((export / "sums.json").read_text())
    sums["description.json"] = sha256(description.encode())
    (export / "sums.json").write_text(json.dumps(sums))
    return export.parent


def test_a_run_of_a_release_before_measures_were_described_is_listed_compared_and_drawn(
    runs: list[Path], tmp_path: Path
):
    older = described(runs[0], tmp_path, measures=None)
    in_bounds = f"{Run(older).description.quality['in_bounds']:.3f}"
    assert in_bounds in run_command("train", "runs", cwd=tmp_path).stdout
    compared = run_command("train", "compare", str(older), str(runs[1]), cwd=tmp_path).stdout
    assert re.search(rf"off-family RMSE +0.\d+ +0.\d+ *\n +in bounds +{in_bounds}", compared)
    run_command("train", "draw", str(older), cwd=tmp_path)
    assert (older / "curves.png").read_bytes() == (runs[0] / "curves.png").read_bytes()


def test_a_run_that_kept_no_real_curves_is_drawn_without_their_picture(
    runs: list[Path], tmp_path: Path
):
    older = shutil.copytree(runs[0], tmp_path / "older")
    (older / "held_out.npy").unlink()
    (older / "quality.png").unlink()
    run_command("train", "draw", str(older), cwd=tmp_path)
    assert not (older / "quality.png").exists()
    (older / "held_out.npy").write_bytes(b"no array")
    line = error_line(try_command("train", "draw", str(older), cwd=tmp_path))
    assert "can't read" in line
    assert "held_out.npy" in line


def test_quality_is_kept_beside_what_real_curves_score(runs: list[Path]):
    description = Run(runs[0]).description
    kept = json.loads((runs[0] / "quality.json").read_text())
    assert kept["verdict"] == description.verdict != ""
    assert {name: figures["value"] for name, figures in kept["measures"].items()} == (
        description.quality
    )
    energy = kept["measures"]["energy_distance"]
    assert energy["low"] < energy["value"] < energy["high"]
    assert energy["real"] < energy["gaussian"]
    assert kept["left_out"] == {}


def test_a_run_with_measures_of_its_own_is_listed_with_them(runs: list[Path], tmp_path: Path):
    spread = {"name": "spread", "label": "Spread", "better": "lower", "floor": None}
    measures = [spread | {"digits": 2}]
    described(runs[0], tmp_path, quality={"spread": 0.123}, measures=measures)
    lines = run_command("train", "runs", cwd=tmp_path).stdout.splitlines()
    assert any(re.search(r"step +Spread +state", line) for line in lines)
    assert any(re.search(r"other +quadratics +2000/2000 +0.12 +version 1", line) for line in lines)


def test_curves_that_are_not_built_in_are_drawn_without_bounds(runs: list[Path], tmp_path: Path):
    other = described(runs[0], tmp_path, family={"name": "cubics"})
    run_command("train", "draw", str(other), cwd=tmp_path)
    assert (other / "curves.png").read_bytes() != (runs[0] / "curves.png").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["runs"], "can't read runs: No such file"),
        (["runs", "--runs", "."], ". holds no runs: train one with"),
        (["compare", "one", "other"], "'one' is not a run"),
        (["draw", "one"], "'one' is not a run: it has no settings.json; name a folder that"),
        (["draw", "file"], "'file' is not a run"),
        (["publish", "file"], "'file' is not a run"),
        (["publish", "file", "--models", "m"], "'file' is not a run"),
    ],
)
def test_no_runs_are_one_line(tmp_path: Path, arguments: list[str], expected: str):
    (tmp_path / "file").write_text("")
    assert expected in error_line(try_command("train", *arguments, cwd=tmp_path))


@pytest.mark.parametrize("command", ["draw", "publish"])
def test_a_run_without_an_export_says_how_to_go_on(runs: list[Path], tmp_path: Path, command: str):
    unfinished = shutil.copytree(runs[1], tmp_path / "run")
    shutil.rmtree(unfinished / "export")
    (unfinished / "published.json").unlink()
    line = error_line(try_command("train", command, "run", cwd=tmp_path))
    assert "'run' has no complete export: resume it with python -m train --resume run" in line


def test_pictures_that_can_t_be_written_are_one_line(folder: Path, runs: list[Path]):
    names = [f"runs/{run.name}" for run in runs]
    done = try_command("train", "compare", *names, "--out", "no/both.png", cwd=folder)
    assert "can't draw no/both.png: No such file or directory" in error_line(done)
