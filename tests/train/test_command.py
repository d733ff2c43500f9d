"""python -m train, as users run it."""

import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pytest

from curvegan.repository.repository import EXPORTED_PROGRAM, Repository
from tests.support.commands import error_line, run_command, try_command
from train.recipes import RECIPES


@pytest.mark.parametrize(
    ("recipe", "w1_a", "rmse", "in_bounds"),
    [("default", 0.012, 0.006, 0.97), ("quick", 0.045, 0.025, 0.9)],
)
def test_a_recipe_reaches_its_quality(
    tmp_path: Path, recipe: str, w1_a: float, rmse: float, in_bounds: float
):
    """The bounds are those that no seed may pass; docs/benchmarks.md has the medians."""
    run_command(
        "train", "--recipe", recipe, "--seed", "1", "--no-pictures", cwd=tmp_path, timeout=170
    )
    quality = Repository(tmp_path / "models").load(1).sampler_manifest.description.quality
    assert quality["w1_a"] <= w1_a
    assert quality["off_family_rmse"] <= rmse
    assert quality["in_bounds"] >= in_bounds


def test_the_tutorial_s_recipe_reaches_the_tutorial_s_quality(tmp_path: Path):
    """10,000 steps with seed 1: the longest test, and what the project promises first."""
    done = run_command(
        "train", "--recipe", "tutorial", "--seed", "1", "--no-pictures", cwd=tmp_path, timeout=170
    )
    assert done.stdout.startswith("published version 1 in models: ")
    description = Repository(tmp_path / "models").load(1).sampler_manifest.description
    assert description.training.hyperparameters["steps"] == 10_000
    assert description.training.d_real == pytest.approx(0.50, abs=0.03)
    assert description.training.score == pytest.approx(-1.386, abs=0.03)
    assert description.quality["w1_a"] <= 0.055
    assert description.quality["off_family_rmse"] <= 0.05
    assert description.quality["in_bounds"] >= 0.85


def test_the_tutorial_s_recipe_is_the_tutorial_s():
    recipe = RECIPES["tutorial"]
    assert (recipe.steps, recipe.batch_size, recipe.lr_g, recipe.lr_d) == (10_000, 64, 1e-4, 1e-4)
    assert (recipe.n_noise, recipe.n_points) == (5, 15)


def test_a_run_leaves_its_settings_its_log_and_its_export(trained: Path):
    (run,) = (trained / "runs").iterdir()
    settings = json.loads((run / "settings.json").read_text())
    assert settings["recipe_name"] == "default"
    assert settings["recipe"]["steps"] == 120
    log = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in log] == [50, 100, 120]
    assert (run / "export" / "sampler" / "model.onnx").exists()


def test_the_tutorial_s_knobs_reach_the_published_model(tmp_path: Path):
    run_command(
        "train", "--steps", "20", "--noise", "8", "--points", "21", "--batch-size", "32",
        "--lr-g", "0.001", "--lr-d", "0.002", "--seed", "9", "--device", "cpu",
        "--lr-decay", "cosine", "--beta1-g", "0.1", "--beta1-d", "0.2", "--beta2-g", "0.98",
        "--beta2-d", "0.97", "--ema", "0.5", "--recipe", "tutorial",
        "--models", "m", "--runs", "r", "--no-pictures",
        cwd=tmp_path,
    )  # fmt: skip
    description = Repository(tmp_path / "m").load(1).sampler_manifest.description
    assert (description.n_noise, description.n_points) == (8, 21)
    assert description.training.seed == 9
    assert description.training.hyperparameters.items() >= {
        "steps": 20, "batch_size": 32, "lr_g": 0.001, "lr_d": 0.002, "lr_decay": "cosine",
        "beta1_g": 0.1, "beta1_d": 0.2, "beta2_g": 0.98, "beta2_d": 0.97, "ema": 0.5,
        "n_noise": 8, "n_points": 21, "packing": 1,
    }.items()  # fmt: skip


def test_help_shows_every_default(tmp_path: Path):
    text = " ".join(run_command("train", "--help", cwd=tmp_path).stdout.replace("│", "").split())
    for default in (
        "tutorial: 10000", "tutorial: 64", "tutorial: 0.0001", "tutorial: 5", "tutorial: 15",
        "default: default", "[default: 1]", "[default: 1000]", "default: auto", "default: runs",
        "[default: models, or the resumed run's]",
    ):  # fmt: skip
        assert default in text, text


@pytest.mark.parametrize("module", ["train", "serve", "curvegan"])
def test_version_is_the_package_s(module: str, tmp_path: Path):
    assert (
        run_command(module, "--version", cwd=tmp_path).stdout == f"curvegan {version('curvegan')}\n"
    )


def test_ctrl_c_ends_it_at_once_with_one_line_and_no_half_version(tmp_path: Path):
    process = subprocess.Popen(
        [sys.executable, "-m", "train", "--steps", "1000000"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        for _ in range(1000):
            if any(path.stat().st_size for path in tmp_path.glob("runs/*/log.jsonl")):
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert stderr.strip().splitlines()[-1].startswith("interrupted at step ")
    assert "Traceback" not in stderr
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--steps", "-1"], "steps is -1: give 0 to 4294967296"),
        (["--batch-size", "-4"], "batch_size is -4: give 0 to"),
        (["--points", "1"], "n_points is 1: give 2 to 4096"),
        (["--points", "10000"], "n_points is 10000: give 2 to 4096"),
        (["--noise", "1025"], "n_noise is 1025: give 0 to 1024"),
        (
            ["--batch-size", "600000", "--steps", "9"],
            "are 12000000 numbers a step: at most 10000000",
        ),
        (["--lr-g", "nan"], "lr_g is nan: above 0 and at most 1"),
        (["--seed", "-1"], "seed -1: give a number from 0 to 4294967295"),
        (["--beta1-g", "1"], "beta1_g is 1.0: from 0 to below 1"),
        (["--ema", "-0.1"], "ema is -0.1: from 0 to below 1"),
        (["--lr-decay", "fast"], "fast"),
        (["--population", "0"], "population is 0: give 1 to 4096"),
        (["--population", "2", "--seed", "4294967295"], "give a number from 0 to 4294967294"),
        (["--checkpoint-every", "0"], "checkpoint_every is 0: at least 1"),
        (["--recipe", "best"], "best"),
        (["--steps", "ten"], "'ten' is not a whole number"),
        (["--steps", "1.5"], "'1.5' is not a whole number"),
        (["--models", "m\udcff"], "give a path of printable characters"),
        (["--seed", "1.5"], "1.5"),
        (["--stepz", "10"], "--stepz"),
        (["--stepz" + "z" * 200, "10"], "--stepz"),
    ],
)
def test_a_wrong_option_is_one_line_that_names_it(arguments, expected, tmp_path: Path):
    assert expected in error_line(try_command("train", *arguments, cwd=tmp_path))
    assert not list(tmp_path.iterdir())


def test_cuda_where_there_is_none_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    done = try_command("train", "--device", "cuda", "--steps", "10", cwd=tmp_path)
    assert "finds no CUDA device" in error_line(done)


@pytest.mark.parametrize("option", ["--models", "--runs"])
def test_a_folder_that_can_t_be_written_is_one_line(option: str, tmp_path: Path):
    (tmp_path / "file").write_text("")
    done = try_command("train", "--steps", "20", option, "file/folder", cwd=tmp_path)
    assert "file/folder" in error_line(done)


def test_a_disk_that_fills_up_under_a_run_is_one_line(tmp_path: Path):
    """The kernel refuses to let a file grow past a limit, as a full disk does."""
    limit = 3_000
    done = subprocess.run(
        [sys.executable, "-m", "train", "--steps", "2000"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    line = error_line(done)
    assert "can't write the run into runs/" in line
    assert "File too large; fix that, then resume with: python -m train --resume runs/" in line
    assert not (tmp_path / "models").exists()


def test_a_run_that_could_not_be_published_is_kept_and_published_later(tmp_path: Path):
    (tmp_path / "models").mkdir()
    obstacle = tmp_path / "models" / ".last-version"
    obstacle.write_text("seven")
    line = error_line(try_command("train", "--steps", "20", cwd=tmp_path))
    obstacle.unlink()
    module, *arguments = line.partition("python -m ")[2].split()
    done = run_command(module, *arguments, cwd=tmp_path)
    assert done.stdout == "published version 1 in models\n"
    assert Repository(tmp_path / "models").load(1)


def test_a_model_of_another_shape_is_refused_before_the_training(models: Path):
    done = try_command("train", "--points", "30", "--models", str(models), cwd=models.parent)
    assert "of other dimensions ([-1, 5] -> [-1, 15])" in error_line(done)
    assert "--models" in done.stderr
    assert not (models.parent / "runs").exists()


@pytest.mark.parametrize("command", ["train", "serve", "curvegan"])
def test_ctrl_c_while_the_libraries_load_is_quiet(command: str, tmp_path: Path):
    program = (
        "import os, runpy, signal, sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'cyclopts':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        f"runpy.run_module({command!r}, run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


@pytest.mark.parametrize(
    "name", ["sampler/model.onnx", "generator/model.pt", "generator/model.pt2", "description.json"]
)
def test_an_export_that_was_damaged_is_not_published(trained: Path, tmp_path: Path, name: str):
    (run,) = (trained / "runs").iterdir()
    copy = shutil.copytree(run, tmp_path / "run")
    (copy / "export" / name).write_bytes(b"")
    line = error_line(try_command("train", "publish", "run", cwd=tmp_path))
    assert f"run/export/{name} is damaged" in line
    assert not (tmp_path / "models").exists()


def test_a_run_exported_before_there_was_model_pt2_can_still_be_published(
    trained: Path, tmp_path: Path
):
    (run,) = (trained / "runs").iterdir()
    export = shutil.copytree(run, tmp_path / "run") / "export"
    sums = json.loads((export / "sums.json").read_text())
    for model in ("generator", "sampler"):
        (export / model / EXPORTED_PROGRAM).unlink()
        del sums[f"{model}/{EXPORTED_PROGRAM}"]
    (export / "sums.json").write_text(json.dumps(sums))
    run_command("train", "publish", "run", cwd=tmp_path)
    version = Repository(tmp_path / "models").load(1)
    assert set(version.sampler_manifest.files) == {"model.onnx", "model.pt"}


def test_publishing_what_is_no_run_is_one_line(tmp_path: Path):
    line = error_line(try_command("train", "publish", "nothing", cwd=tmp_path))
    assert "'nothing' is not a run: it has no settings.json" in line
    assert not list(tmp_path.iterdir())


def test_two_trainings_that_publish_at_once_get_different_numbers(models: Path):
    options = ("--steps", "20", "--no-pictures", "--models", str(models))
    command = [sys.executable, "-m", "train", *options]
    both = [subprocess.Popen(command, cwd=models.parent) for _ in range(2)]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    repository = Repository(models)
    assert repository.versions() == [1, 2, 3]
    assert [repository.load(v).sampler_manifest.version for v in (1, 2, 3)] == [1, 2, 3]
