"""Runs an example of examples/ as its README says, and reads what it prints."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from curvegan.arrays import Float32Array
from curvegan.engine import Engine

EXAMPLES = Path(__file__).parents[2] / "examples"

# What every example takes, and the seeds that it means.
SEED_TEXTS = ("7", "-1", "0-63", "-5--3", str(2**63 - 1), str(-(2**63)))
SEEDS = np.array([7, -1, *range(64), -5, -4, -3, 2**63 - 1, -(2**63)])

# What no example takes.
WRONG_SEEDS = ("seven", "1.5", "", "9-3", "--1", "1-", str(2**63), "0-1000000")


def last_command(name: str) -> list[str]:
    """Returns the words of the command that runs an example, by its README: the last of those
    that stand there as one."""
    readme = (EXAMPLES / name / "README.md").read_text()
    (line,) = re.findall(r"^ {4}(.*)$", readme, re.MULTILINE)
    return line.rpartition(" && ")[2].split()


def run_example(
    name: str, models: Path, *seeds: str, into: str = ""
) -> subprocess.CompletedProcess[str]:
    """Runs an example, by its README, on the models of a repository.

    `seeds` stand in for the README's own; `into` is where a shell leads what it prints.
    """
    command = [word.replace("../../models", str(models)) for word in last_command(name)]
    (model,) = (number for number, word in enumerate(command) if str(models) in word)
    shell = ["sh", "-c", f'"$@" {into}', "sh"] if into else []
    return run(name, *shell, *command[: model + 1], *(seeds or command[model + 1 :]))


def run_on_file(name: str, file: Path) -> subprocess.CompletedProcess[str]:
    """Runs an example, by its README, on any file in place of the model."""
    command = last_command(name)
    (model,) = (number for number, word in enumerate(command) if "../../models" in word)
    return run(name, *command[:model], str(file), "7")


def run(name: str, *command: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    # subprocess looks a program up in our own path, and env in the one it is given.
    return subprocess.run(
        ["env", f"PATH={path}", *command],
        cwd=EXAMPLES / name,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def assert_curves(printed: str, seeds: np.ndarray, engine: Engine) -> None:
    """Fails unless each line is a seed and its curve."""
    lines = [line.split() for line in printed.splitlines()]
    assert [int(seed) for seed, *_ in lines] == seeds.tolist()
    found = np.array([curve for _, *curve in lines], np.float32)
    expected: Float32Array = engine.curves_from_seeds(seeds)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * max(1, abs(expected).max()))


def error_of(done: subprocess.CompletedProcess[str]) -> str:
    """Returns the one line that an example ended with."""
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    return line
