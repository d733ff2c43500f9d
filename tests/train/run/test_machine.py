"""A run that is resumed on another machine says what is different there, and that bits may be."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

from curvegan.repository.repository import Repository
from train.data.quadratics import Quadratics
from train.gan.loop import Report
from train.recipes import Recipe
from train.run.folder import Run
from train.run.training import Keeping, fit
from train.settings import Settings

CPU = torch.device("cpu")
CAPABILITY = torch.backends.cpu.get_cpu_capability()


def steps(run: Run, n_reports: int | None = None) -> list[str]:
    """Trains on, to the last step or for so many reports; returns the warnings."""
    warnings: list[str] = []
    keep = Keeping(checkpoint_every=50, pictures=False)

    def watch(reports: Iterable[Report]) -> Iterator[Report]:
        return islice(reports, n_reports)

    fit(run, run.settings, Quadratics(15), CPU, keep, watch, warnings.append)
    return warnings


@pytest.fixture
def unfinished(tmp_path: Path) -> Run:
    """A run that was left at step 50 of 100."""
    settings = Settings("tutorial", Recipe(steps=100), models=str(tmp_path / "models"))
    run = Run.create(tmp_path, settings)
    assert steps(run, n_reports=1) == []
    return run


def alter(run: Run, change: Callable[[dict[str, Any]], object]) -> None:
    """Changes what the run's checkpoint holds."""
    path = run.folder / "checkpoint.pt"
    content = torch.load(path, weights_only=True)
    change(content)
    torch.save(content, path)


def test_a_run_resumed_where_it_was_left_says_nothing(unfinished: Run):
    assert steps(unfinished) == []


@pytest.mark.parametrize(
    ("name", "before"), [("torch", "2.9.0"), ("device", "cuda"), ("processor", "riscv64 DEFAULT")]
)
def test_what_is_different_is_named(unfinished: Run, name: str, before: str):
    alter(unfinished, lambda content: content["machine"].update({name: before}))
    (warning,) = steps(unfinished)
    assert warning.startswith(f"resumed at step 50 with {name} ")
    assert f" instead of {before}: the weights can differ" in warning


def test_a_checkpoint_of_a_release_that_noted_no_machine_is_resumed_silently(unfinished: Run):
    alter(unfinished, lambda content: content.pop("machine"))
    assert steps(unfinished) == []


def test_a_run_with_no_steps_left_says_nothing(unfinished: Run):
    steps(unfinished)
    alter(unfinished, lambda content: content["machine"].update(torch="2.9.0"))
    assert steps(unfinished) == []


@pytest.mark.skipif(CAPABILITY == "DEFAULT", reason="this CPU has one kind of kernels")
def test_the_command_says_on_one_line_that_torch_takes_other_kernels(unfinished: Run):
    done = subprocess.run(
        [sys.executable, "-m", "train", "--resume", str(unfinished.folder), "--no-pictures"],
        env=os.environ | {"ATEN_CPU_CAPABILITY": "default"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("warning: "))
    assert re.search(rf"with processor {os.uname().machine} (\w+ )?DEFAULT instead of ", line)
    assert f"{CAPABILITY}: the weights can differ" in line
    assert Repository(Path(unfinished.settings.models)).versions() == [1]
