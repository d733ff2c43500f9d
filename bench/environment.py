"""Virtual environments for programs whose packages conflict with ours, and wheels as they are.

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
    """An environment could not be created, or a package not fetched."""


def environment(name: str, requirements: Path, alone: str = "") -> Path:
    """Returns the `bin` folder of a virtual environment with the packages of a requirements file.

    `alone` is one more package, such as "name==1.0", which is installed without what it asks for.
    The environment is kept below .venv, and created again when any of that has changed. Raises
    InstallationError if pip fails.
    """
    folder = VENV / name
    wanted = requirements.read_bytes() + alone.encode()
    installed = folder / "installed.txt"
    with locked(name):
        if not installed.exists() or installed.read_bytes() != wanted:
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
            python = folder / "bin" / "python"
            # What is used is compiled then: to compile it all takes longer than to install it.
            _pip(python, "install", "--no-compile", "--requirement", requirements)
            if alone:
                _pip(python, "install", "--no-compile", "--no-deps", alone)
            installed.write_bytes(wanted)
    return folder / "bin"


def download(requirement: str, folder: Path) -> None:
    """Downloads the wheel of a package, such as "name==1.0", into `folder`; nothing is installed.

    Raises InstallationError if pip fails.
    """
    only_it = ("--no-deps", "--only-binary=:all:")
    _pip(Path(sys.executable), "download", *only_it, "--dest", folder, requirement)


def _pip(python: Path, command: str, *arguments: str | Path) -> None:
    options = ("--quiet", "--disable-pip-version-check")
    done = subprocess.run(
        [python, "-m", "pip", command, *options, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        # The last line says what is wrong; advice and attempts stand before it.
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise InstallationError(f"pip can't {command} {arguments[-1]}: {reason[-300:]}")


def locked(name: str) -> AbstractContextManager[None]:
    """Locks `name` against other processes."""
    VENV.mkdir(exist_ok=True)
    return files.locked(VENV / f"{name}.lock", wait=True)


if __name__ == "__main__":
    print(environment(sys.argv[1], Path(sys.argv[2])))
