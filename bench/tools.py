"""Installs npm packages and builds CMake programs; both are kept between runs."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import torch

from bench.environment import InstallationError, locked
from curvegan.errors import CurveganError


class MissingToolError(CurveganError):
    """An external program is not installed."""


def npm_install(folder: Path) -> None:
    """Installs a folder's package-lock.json into its node_modules, unless that is up to date.

    Raises MissingToolError without node or npm, and InstallationError if npm fails.
    """
    _need("node", "nodejs")
    wanted = (folder / "package-lock.json").read_bytes()
    installed = folder / "node_modules" / "installed-lock.json"
    with locked(f"{folder.parent.name}-{folder.name}"):
        if not installed.exists() or installed.read_bytes() != wanted:
            _need("npm", "npm")
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            if problem := _run(command, folder):
                raise InstallationError(problem)
            installed.write_bytes(wanted)


def cmake_build(folder: Path) -> Path:
    """Builds a folder's CMakeLists.txt with the libtorch of our torch. Returns the build folder.

    Raises MissingToolError without CMake or a compiler, and CurveganError if the build fails.
    """
    _need("cmake", "cmake")
    _need("c++", "g++")
    _need("make", "make")
    build = folder / "build"
    with locked(f"{folder.parent.name}-{folder.name}"):
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
    """Runs a command in a folder. Returns the reason if it failed, or ""."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if not done.returncode:
        return ""
    # The first lines name the error; advice and log files follow.
    lines = done.stderr.splitlines()
    errors = [line for line in lines if "error" in line.lower()] or lines
    return f"{command[0]} failed in {folder.name}: {' '.join(' '.join(errors).split())[:300]}"
