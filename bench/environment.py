"""Environments of their own for programs whose packages do not go with ours."""

import subprocess
import sys
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
    if not installed.exists() or installed.read_bytes() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip: list[str | Path] = [
            folder / "bin" / "python",
            "-m",
            "pip",
            "--quiet",
            "--disable-pip-version-check",
        ]
        done = subprocess.run(
            [*pip, "install", "--requirement", requirements],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise InstallationError(
                f"pip can't install {requirements.name}: {done.stderr.strip()[-300:]}"
            )
        installed.write_bytes(wanted)
    return folder / "bin"
