"""Environments of their own for programs whose packages do not go with ours."""

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serve.errors import CurveganError

VENV = Path(__file__).parents[1] / ".venv"


class InstallationError(CurveganError):
    """An environment could not be made; the text says why."""


def environment(name: str, requirements: Path) -> Path:
    """Returns the `bin` of a virtual environment with the packages of a requirements file.

    It is kept below .venv and made anew when the file has changed. Raises InstallationError if
    pip can't install them.
    """
    folder = VENV / name
    wanted, installed = requirements.read_bytes(), folder / "installed.txt"
    with alone(name):
        if not installed.exists() or installed.read_bytes() != wanted:
            _install(folder, requirements)
            installed.write_bytes(wanted)
    return folder / "bin"


def _install(folder: Path, requirements: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    python = folder / "bin" / "python"
    options = ("--quiet", "--disable-pip-version-check")
    # What is used is compiled then: to compile it all takes longer than to install it.
    install = ("install", "--no-compile", "--requirement", requirements)
    done = subprocess.run(
        [python, "-m", "pip", *options, *install],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise InstallationError(f"pip can't install {requirements}: {done.stderr.strip()[-300:]}")


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Keeps other processes from making what is called `name` meanwhile."""
    VENV.mkdir(exist_ok=True)
    with (VENV / f"{name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
