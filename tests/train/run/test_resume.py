"""Nothing is lost: a run that was killed goes on, and ends as if it had never been killed."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from curvegan.repository.repository import Repository
from tests.support.commands import error_line, run_command, try_command
from train.run import checkpoint

STEPS = 700
OPTIONS = ("--device", "cpu", "--population", "2")
EVERY_100 = ("--checkpoint-every", "100")


# A training that Ctrl-C meets right after its first checkpoint.
INTERRUPTED = """
import os, signal
from train.run import folder as runs
from train.__main__ import main

save = runs.Run.save_checkpoint

def save_and_interrupt(self, population, history):
    save(self, population, history)
    os.kill(os.getpid(), signal.SIGINT)

runs.Run.save_checkpoint = save_and_interrupt
main()
"""


def interrupt(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Trains until Ctrl-C, right after the first checkpoint."""
    command = [sys.executable, "-c", INTERRUPTED, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def start(*arguments: str, cwd: Path, steps: int = STEPS) -> subprocess.Popen[str]:
    command = [
        *(sys.executable, "-m", "train", *OPTIONS, *EVERY_100, "--no-pictures"),
        *("--steps", str(steps), *arguments),
    ]
    return subprocess.Popen(command, cwd=cwd, stderr=subprocess.PIPE, text=True)


def wait_for(process: subprocess.Popen[str], happened: Callable[[], object]) -> None:
    while not happened():
        if process.poll() is not None:
            pytest.fail(f"exit code {process.returncode}: {process.communicate()[1]}")
        time.sleep(0.005)


def only_run(folder: Path) -> Path:
    (run,) = (folder / "runs").iterdir()
    return run


def weights_of(run: Path) -> list[torch.Tensor]:
    state = checkpoint.read(run / "checkpoint.pt").population
    assert state["step"] == STEPS
    return [state[name] for name in ("generators", "discriminators", "average")]


def model_of(folder: Path) -> str:
    manifest = Repository(folder / "models").load(1).sampler_manifest
    return manifest.files["model.onnx"]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run that was never interrupted, and its model."""
    folder = tmp_path_factory.mktemp("unbroken")
    run_command("train", *OPTIONS, *EVERY_100, "--steps", str(STEPS), "--no-pictures", cwd=folder)
    return folder


@pytest.fixture(scope="module")
def interrupted_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run that Ctrl-C ended on its way; not to be changed."""
    folder = tmp_path_factory.mktemp("interrupted")
    options = (*OPTIONS, *EVERY_100, "--no-pictures", "--steps", str(STEPS), "--batch-size", "512")
    done = interrupt(*options, cwd=folder)
    assert done.returncode == 130, done.stderr
    return folder


@pytest.fixture
def interrupted(interrupted_folder: Path, tmp_path: Path) -> Path:
    """A copy of the interrupted run that a test may change."""
    return only_run(shutil.copytree(interrupted_folder, tmp_path, dirs_exist_ok=True))


@pytest.mark.parametrize("checkpoints", [0, 3])
def test_kill_9_and_resume_ends_with_the_same_bits(
    unbroken: Path, tmp_path: Path, checkpoints: int
):
    """Killed before its first checkpoint, and after some."""
    with start(cwd=tmp_path) as process:
        wait_for(process, lambda: list(tmp_path.glob("runs/*/log.jsonl")))
        log = only_run(tmp_path) / "log.jsonl"
        wait_for(process, lambda: log.read_text().count("\n") > 2 * checkpoints)
        process.kill()
    run = only_run(tmp_path)
    assert not (tmp_path / "models").exists()
    run_command("train", "--resume", str(run), "--no-pictures", cwd=tmp_path)
    for expected, found in zip(weights_of(only_run(unbroken)), weights_of(run), strict=True):
        assert torch.equal(expected, found)
    assert model_of(tmp_path) == model_of(unbroken)
    assert (run / "log.jsonl").read_text() == (only_run(unbroken) / "log.jsonl").read_text()


def test_ctrl_c_writes_a_checkpoint_and_says_how_to_go_on(interrupted: Path):
    folder = interrupted.parents[1]
    step = checkpoint.read(interrupted / "checkpoint.pt").population["step"]
    assert 0 < step < STEPS
    done = run_command("train", "--resume", f"runs/{interrupted.name}", "--no-pictures", cwd=folder)
    assert "published version 1 in models" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_training_with_one_line_that_can_be_followed(tmp_path: Path, number: int):
    with start(cwd=tmp_path, steps=1_000_000) as process:
        wait_for(process, lambda: list(tmp_path.glob("runs/*/checkpoint.pt")))
        process.send_signal(number)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    line = stderr.strip().splitlines()[-1]
    assert line.startswith("interrupted at step ")
    assert line.endswith(f"resume with: python -m train --resume runs/{only_run(tmp_path).name}")


def test_what_a_run_keeps_does_not_change_the_weights(unbroken: Path, tmp_path: Path):
    keep = ("--tensorboard", "--checkpoint-every", "7", "--pictures")
    run_command("train", *OPTIONS, "--steps", str(STEPS), *keep, cwd=tmp_path)
    expected = weights_of(only_run(unbroken))
    for a, b in zip(expected, weights_of(only_run(tmp_path)), strict=True):
        assert torch.equal(a, b)


def test_a_loss_that_is_not_finite_keeps_the_last_good_checkpoint(interrupted: Path):
    """A weight of each discriminator is too large for float32 after a few more steps."""
    path = interrupted / "checkpoint.pt"
    content = torch.load(path, weights_only=True)
    content["population"]["discriminators"].fill_(3e38)
    torch.save(content, path)
    before = path.read_bytes()
    line = error_line(try_command("train", "--resume", str(interrupted), cwd=interrupted.parent))
    step = content["population"]["step"]
    assert f"the loss is no longer finite at step {step + 50}" in line
    assert f"the checkpoint of step {step} is kept, and nothing was published" in line
    assert "train with smaller learning rates" in line
    assert path.read_bytes() == before
    assert not (interrupted.parent / "models").exists()


@pytest.mark.parametrize("damage", ["cut", "altered", "emptied", "not ours"])
def test_a_damaged_checkpoint_is_one_line(interrupted: Path, damage: str):
    path = interrupted / "checkpoint.pt"
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(
        {
            "cut": content[:middle],
            "altered": content[:middle] + bytes(64) + content[middle + 64 :],
            "emptied": b"",
            "not ours": b"PK" + bytes(100),
        }[damage]
    )
    line = error_line(try_command("train", "--resume", str(interrupted), cwd=interrupted.parent))
    assert "checkpoint.pt is damaged: delete it to train this run from its start" in line
    assert not (interrupted.parents[1] / "models").exists()


def test_a_checkpoint_is_never_unpickled_into_code(interrupted: Path):
    torch.save({"format": 1, "population": Path("x"), "history": {}}, interrupted / "checkpoint.pt")
    line = error_line(try_command("train", "--resume", str(interrupted), cwd=interrupted.parent))
    assert "checkpoint.pt is damaged" in line


@pytest.mark.parametrize(("name", "value"), [("n_points", 30), ("ema", 0.5), ("steps", 600)])
def test_a_checkpoint_of_another_training_is_one_line(interrupted: Path, name: str, value: float):
    settings = interrupted / "settings.json"
    content = json.loads(settings.read_text())
    content["recipe"][name] = value
    settings.write_text(json.dumps(content))
    line = error_line(try_command("train", "--resume", str(interrupted), cwd=interrupted.parent))
    assert "is a checkpoint of another training than the run's settings describe" in line


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--steps", "9"], "has steps 700, not 9"),
        (["--recipe", "tutorial"], "has recipe default, not tutorial"),
        (["--seed", "5"], "has seed 1, not 5"),
        (["--population", "1"], "has population 2, not 1"),
        (["--population", "3"], "has population 2, not 3"),
    ],
)
def test_other_options_than_the_run_s_are_refused(interrupted: Path, options, expected):
    done = try_command("train", "--resume", str(interrupted), *options, cwd=interrupted.parent)
    assert f"the run to resume {expected}: leave that option out" in error_line(done)


def test_a_resumed_run_is_published_where_it_was_to_be(tmp_path: Path):
    with start("--models", "wide models", cwd=tmp_path) as process:
        wait_for(process, lambda: list(tmp_path.glob("runs/*/checkpoint.pt")))
        process.kill()
    run = only_run(tmp_path)
    run_command("train", "--resume", str(run), "--no-pictures", cwd=tmp_path)
    assert Repository(tmp_path / "wide models").versions() == [1]
    run_command("train", "publish", str(run), cwd=tmp_path)
    assert Repository(tmp_path / "wide models").versions() == [1, 2]


def test_a_training_in_the_background_goes_on_ignoring_ctrl_c(tmp_path: Path):
    command = ["sh", "-c", f"{sys.executable} -m train --steps 500 --no-pictures & echo $!; wait"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        number = int(process.stdout.readline())
        wait_for(process, lambda: list(tmp_path.glob("runs/*/log.jsonl")))
        os.kill(number, signal.SIGINT)
        stdout, _ = process.communicate(timeout=60)
    assert "published version 1 in models" in stdout


def test_a_run_is_trained_by_one_process_at_a_time(tmp_path: Path):
    with start(cwd=tmp_path, steps=1_000_000) as process:
        wait_for(process, lambda: list(tmp_path.glob("runs/*/log.jsonl")))
        run = only_run(tmp_path)
        line = error_line(try_command("train", "--resume", str(run), cwd=tmp_path))
        process.kill()
    assert line.endswith("is being trained by another process: wait until it ends")


def test_what_a_killed_process_left_half_written_is_removed(interrupted: Path):
    (interrupted / f".part-{16 * '0'}.pt").write_bytes(b"half")
    run_command("train", "--resume", str(interrupted), "--no-pictures", cwd=interrupted.parent)
    assert not list(interrupted.rglob(".part-*"))


def test_a_signal_after_the_last_step_is_heard(tmp_path: Path):
    done = interrupt("--steps", "50", cwd=tmp_path)
    assert done.returncode == 130
    assert "interrupted at step 50 of 50: nothing was published" in done.stderr
    assert not (tmp_path / "models").exists()


def test_resuming_what_is_no_run_is_one_line(tmp_path: Path):
    line = error_line(try_command("train", "--resume", "nothing", cwd=tmp_path))
    assert "'nothing' is not a run: it has no settings.json" in line


def test_resuming_a_published_run_says_so(unbroken: Path):
    run = only_run(unbroken)
    line = error_line(try_command("train", "--resume", str(run), cwd=unbroken))
    assert "is finished: it is version 1 of models; publish it again with" in line


def test_a_full_disk_keeps_the_old_checkpoint(interrupted: Path):
    """The kernel refuses to let a file grow past a limit, as a full disk does."""
    before = (interrupted / "checkpoint.pt").read_bytes()
    limit = len(before) // 2
    done = subprocess.run(
        [sys.executable, "-c",
         "from train.__main__ import main; main()",
         "--resume", str(interrupted)],
        cwd=interrupted.parents[1], capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    line = error_line(done)
    assert "can't write the run into" in line
    assert "File too large" in line
    assert f"resume with: python -m train --resume {interrupted}" in line
    assert (interrupted / "checkpoint.pt").read_bytes() == before
    assert not list(interrupted.rglob(".part-*"))


def test_a_run_that_was_exported_but_killed_before_it_was_published_goes_on(
    unbroken: Path, tmp_path: Path
):
    shutil.copytree(only_run(unbroken), tmp_path / "run")
    (tmp_path / "run" / "published.json").unlink()
    run_command("train", "--resume", "run", "--no-pictures", cwd=tmp_path)
    assert model_of(tmp_path) == model_of(unbroken)
