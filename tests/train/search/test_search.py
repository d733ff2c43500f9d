"""python -m train search, on a real Ray of this machine, as users run it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from curvegan.errors import CurveganError
from curvegan.repository.repository import Repository
from tests.project.test_elsewhere import run_elsewhere
from tests.support.commands import error_line, run_command, try_command
from tests.train.search.searches import (
    N_TRIALS,
    STEPS,
    agree,
    no_show,
    points,
    undisturbed,
    watched,
)
from train import families
from train.gan.loop import Population
from train.pictures import draw_search
from train.quality.selection import held_out_distances, measure_held_out
from train.run.folder import Run
from train.search import searching
from train.search.records import Records

pytestmark = [pytest.mark.timeout(300), pytest.mark.cluster]

OPTIONS = ("--steps", str(STEPS), "--batch-size", "64", "--population", "2")
SEARCH = ("search", "--trials", str(N_TRIALS), *OPTIONS, "--no-pictures")


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the `models` and `runs` of a search that nothing disturbed, and what it
    printed."""
    folder = tmp_path_factory.mktemp("searched")
    (folder / "printed").write_text(run_command("train", *SEARCH, cwd=folder, timeout=280).stdout)
    return folder


@pytest.fixture
def search_run(searched: Path, tmp_path: Path) -> Run:
    """A copy of its run's folder that a test may change."""
    (folder,) = (searched / "runs").iterdir()
    return Run(shutil.copytree(folder, tmp_path / "search"))


def wait_for_points(command: subprocess.Popen[str], folder: Path, n: int) -> Run:
    """Waits until trials below `folder` have `n` scores, and returns the search."""
    found: list[Path] = []
    while len(found) < n:
        assert command.poll() is None, command.communicate()
        time.sleep(0.01)
        found = list(folder.glob("runs/*/trials/*.json"))
    return Run(found[0].parents[1])


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "train", *SEARCH, *options],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def test_it_publishes_the_trial_with_the_best_score(searched: Path, search_run: Run):
    results = Records(search_run.folder).results
    best = min((r for r in results if r.state == "whole"), key=lambda result: result.score)
    training = Repository(searched / "models").load(1).sampler_manifest.description.training
    asked = Records(search_run.folder).trials[best.number]
    assert training.hyperparameters == asked.recipe.hyperparameters
    assert training.seed in asked.seeds
    assert training.population == 2


def test_it_prints_all_trials(searched: Path):
    printed = (searched / "printed").read_text().splitlines()
    table = [line for line in printed if line.strip()][: N_TRIALS + 2]
    assert sorted(line.split()[0] for line in table[2:]) == list("0123")
    assert table[2].rstrip().endswith("published")
    assert sum("the recipe as it is" in line for line in table) >= 1


def test_the_first_trial_is_the_recipe_as_it_is_and_never_stopped(search_run: Run):
    first = next(r for r in Records(search_run.folder).results if r.number == 0)
    assert (first.changes, first.state, first.steps) == ({}, "whole", STEPS)


def test_a_trial_learns_what_a_training_with_its_settings_does(search_run: Run):
    settings = search_run.settings
    source, measures = families.source_of(settings, None)
    population = Population(settings.recipe, source, settings.seeds, torch.device("cpu"))
    list(population.fit())
    qualities = measure_held_out(population.generators(), population.n_noise, source, measures)
    best = min(held_out_distances(qualities, measures))
    assert best == min(r.score for r in Records(search_run.folder).results if r.state == "whole")


def test_it_draws_all_trials(search_run: Run, tmp_path: Path):
    draw_search(Records(search_run.folder).results, tmp_path / "search.png")
    assert (tmp_path / "search.png").read_bytes().startswith(b"\x89PNG")


def test_after_the_command_was_killed_it_goes_on(tmp_path: Path):
    with start(tmp_path) as command:
        run = wait_for_points(command, tmp_path, 2)
        command.kill()
    before = points(run)
    assert run.publications == []
    done = run_command(
        "train", "search", "--resume", str(run.folder), "--no-pictures", cwd=tmp_path, timeout=280
    )
    assert "published version 1 in models: " in done.stdout
    assert agree(points(run), before)
    assert agree(points(run), undisturbed(Records(run.folder).trials))
    for session in Path("/tmp").glob(f"ray-*/session_*_{command.pid}"):  # A killed Ray leaves it.
        shutil.rmtree(session.parent)


def test_a_trial_that_fails_each_time_is_left_out(search_run: Run):
    (search_run.folder / "trials.json").unlink()
    (search_run.folder / "published.json").unlink()
    kept = json.loads((search_run.folder / "trials" / "0.json").read_bytes())
    (search_run.folder / "trials" / "0.json").write_text(json.dumps(kept[:3]))
    (search_run.folder / "trials" / "0.pt").write_bytes(b"damaged")
    results = searching.search(search_run, None, watched(no_show))
    (failed,) = (result for result in results if result.state == "failed")
    assert failed.number == 0
    assert "is damaged" in failed.problem
    assert results[0].state == "whole"


def test_trials_that_failed_are_begun_again_where_no_other_came_to_its_end(search_run: Run):
    trials = search_run.folder / "trials"
    for name in ("trials.json", "published.json"):
        (search_run.folder / name).unlink()
    kept = json.loads((trials / "0.json").read_bytes())
    (trials / "0.json").write_text(json.dumps(kept[:3]))
    whole = (trials / "0.pt").read_bytes()
    (trials / "0.pt").write_bytes(b"damaged")
    for number in range(1, N_TRIALS):  # As if their curves were no longer finite.
        (trials / f"{number}.json").write_text('[{"steps": 50, "score": null}]')
    with pytest.raises(
        CurveganError, match=r"^no trial came to its end: trial 0 failed: .* damaged"
    ):
        searching.search(search_run, None, watched(no_show))
    (trials / "0.pt").write_bytes(whole)
    (trials / "0.json").write_text(json.dumps(kept))
    assert searching.search(search_run, None, watched(no_show))[0].number == 0


def test_a_search_without_trials_is_one_line(search_run: Run, tmp_path: Path):
    (search_run.folder / "search.json").write_text("[]")
    done = try_command("train", "search", "--resume", str(search_run.folder), cwd=tmp_path)
    assert error_line(done).endswith("search.json names no trials: restore it, or search anew")


def test_a_table_that_is_too_small_leaves_nothing(tmp_path: Path):
    rows = np.random.default_rng(0).random((50, 4))
    np.save(tmp_path / "few.npy", rows)
    done = try_command("train", "search", "--data", "few.npy", cwd=tmp_path)
    assert "curves to train on are too few for a search" in done.stderr
    assert not list((tmp_path / "runs").iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_how_to_resume_it(tmp_path: Path, number: int):
    with start(tmp_path) as command:
        run = wait_for_points(command, tmp_path, 1)
        if number == signal.SIGINT:
            os.killpg(command.pid, number)  # As a terminal does.
        else:
            command.send_signal(number)
        stdout, stderr = command.communicate()
    assert (command.returncode, stdout) == (128 + number, "")
    assert stderr.splitlines()[-1] == (
        "interrupted: nothing was published; resume with: "
        f"python -m train search --resume {run.folder.relative_to(tmp_path)}"
    )
    assert "Traceback" not in stderr


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--ray", "127.0.0.1:9"], "nothing answers at 127.0.0.1:9 ("),
        (["--ray", ""], "'' is not a Ray cluster's address: "),
        (["--ray", "head"], "'head' is not a Ray cluster's address: "),
        (
            ["--ray", "ray://head:9"],
            "a search can't run from outside of the cluster (ray://head:9)",
        ),
        (["--trials", "0"], 'Invalid value "0" for --trials. Must be >= 1.'),
        (["--resume", "nothing"], "'nothing' is not a search: it has no search.json; "),
        (["--resume", "nothing", "--steps", "9"], "a search that is resumed has the options "),
    ],
)
def test_a_wrong_option_is_one_line(tmp_path: Path, options: list[str], expected: str):
    done = try_command("train", "search", *options, cwd=tmp_path)
    assert error_line(done).startswith(f"error: {expected}")
    assert not list(tmp_path.iterdir())


def test_without_ray_it_says_what_to_install(tmp_path: Path):
    done = run_elsewhere("-m", "train", "search", cwd=tmp_path, without=["ray"])
    assert error_line(done).endswith(": pip install 'curvegan[train,scale]'")


def test_a_search_is_not_resumed_as_a_training(search_run: Run, tmp_path: Path):
    done = try_command("train", "--resume", str(search_run.folder), cwd=tmp_path)
    assert error_line(done) == (
        f"error: {search_run.folder} is a search: resume it with: "
        f"python -m train search --resume {search_run.folder}"
    )
