"""Virtual environments for programs whose packages conflict with ours.

From a shell: python -m bench.environment NAME REQUIREMENTS prints the `bin` of one.
"""

import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from curvegan import files
from curvegan.errors import CurveganError

VENV = Path(__file__).parents[1] / ".venv"


class InstallationError(CurveganError):
    """An environment could not be created."""


def environment(name: str, requirements: Path) -> Path:
    """Returns the `bin` folder of a virtual environment with the packages of a requirements file.

    It is kept below .venv, and created again when the file has changed. Raises InstallationError
    if pip fails.
    """
    folder = VENV / name
    wanted, installed = requirements.read_bytes(), folder / "installed.txt"
    with locked(name):
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


def locked(name: str) -> AbstractContextManager[None]:
    """Locks `name` against other processes."""
    VENV.mkdir(exist_ok=True)
    return files.locked(VENV / f"{name}.lock", wait=True)


if __name__ == "__main__":
    print(environment(sys.argv[1], Path(sys.argv[2])))
