"""Drives that lack what ours has."""

import errno
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("drive.c")


@dataclass(frozen=True)
class Drive:
    """What a process has to be started with so that its drives fail as `errors` says."""

    library: Path
    errors: dict[str, int] = field(default_factory=dict)

    @classmethod
    def build(cls, folder: Path) -> "Drive":
        """Returns one that lacks nothing; skips the test where there is no C compiler."""
        if not shutil.which("gcc"):
            pytest.skip("gcc is missing: install the Debian package gcc")
        library = folder / "drive.so"
        command = ["gcc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", str(library), str(SOURCE)]
        subprocess.run(command, check=True)
        return cls(library)

    def without_locks(self) -> "Drive":
        return Drive(self.library, self.errors | {"FLOCK": errno.ENOLCK})

    def failing_to_flush_folders(self, error: int, spares: int = 0) -> "Drive":
        """Returns a drive that fails with `error`, but for the first `spares` folders."""
        return Drive(
            self.library, self.errors | {"FOLDER_FSYNC": error, "FOLDER_FSYNC_SPARES": spares}
        )

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a process that uses it."""
        errors = {name: str(value) for name, value in self.errors.items()}
        return os.environ | errors | {"LD_PRELOAD": str(self.library)}
