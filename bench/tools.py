"""Builds what is not Python: npm's packages and CMake's programs, kept between runs."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import torch

from bench.environment import InstallationError, alone
from curvegan.errors import CurveganError


class MissingToolError(Exception):
    """A program that is not ours is not there; the text says which."""


def npm_install(folder: Path) -> None:
    """Installs what a folder's package-lock.json names into its node_modules.

    Nothing is done where that was done before. Raises MissingToolError without node or npm, and
    InstallationError if npm can't install them.
    """
    _need("node", "nodejs")
    wanted = (folder / "package-lock.json").read_bytes()
    installed = folder / "node_modules" / "installed-lock.json"
    with alone(f"{folder.parent.name}-{folder.name}"):
        if not installed.exists() or installed.read_bytes() != wanted:
            _need("npm", "npm")
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            if problem := _run(command, folder):
                raise InstallationError(problem)
            installed.write_bytes(wanted)


def cmake_build(folder: Path) -> Path:
    """Returns the build folder of a folder's CMakeLists.txt, built with the libtorch of our torch.

    Raises MissingToolError without CMake or a compiler, and CurveganError if it does not build.
    """
    _need("cmake", "cmake")
    _need("c++", "g++")
    _need("make", "make")
    build = folder / "build"
    with alone(f"{folder.parent.name}-{folder.name}"):
        prefix = f"-DCMAKE_PREFIX_PATH={torch.utils.cmake_prefix_path}"
        for command in (
            ["cmake", "-S", str(folder), "-B", str(build), prefix],
            ["cmake", "--build", str(build)],
        ):
            if problem := _run(command, folder):
                raise CurveganError(problem)
    return build


def _need(program: str, package: str) -> None:
    if not shutil.which(program):
        raise MissingToolError(f"no {program} (Debian: {package})")


def _run(command: Sequence[str], folder: Path) -> str:
    """Runs a command in a folder. Returns why it failed; nothing, if it did not."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if not done.returncode:
        return ""
    # What went wrong is said first; advice, and where a log lies, come later.
    lines = done.stderr.splitlines()
    errors = [line for line in lines if "error" in line.lower()] or lines
    return f"{command[0]} failed in {folder.name}: {' '.join(' '.join(errors).split())[:300]}"
