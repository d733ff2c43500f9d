"""Wheels whose data is read where it lies: downloaded when first asked for, never installed."""

import hashlib
import zipfile
from dataclasses import dataclass

from bench.environment import VENV, InstallationError, download, locked

_FOLDER = VENV / "wheels"


@dataclass(frozen=True)
class Wheel:
    """A wheel of a release of a package, for any Python and machine, by its SHA-256."""

    package: str
    version: str
    sha256: str

    def __str__(self) -> str:
        """Returns the release as people write it, such as "aeon 1.6.0"."""
        return f"{self.package} {self.version}"

    def open(self) -> zipfile.ZipFile:
        """Returns the wheel's files; it is downloaded if it is not there yet.

        Raises InstallationError if pip can't download it, or what it is is not what it was.
        """
        path = _FOLDER / f"{self.package}-{self.version}-py3-none-any.whl"
        with locked(f"wheel-{self.package}"):
            if not path.exists():
                download(f"{self.package}=={self.version}", _FOLDER)
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != self.sha256:
                path.unlink()
                raise InstallationError(
                    f"{path.name} has the SHA-256 {found}, not {self.sha256}: it was deleted; "
                    "try again, and if that does not help, look at where pip downloads from"
                )
        return zipfile.ZipFile(path)


AEON = Wheel("aeon", "1.6.0", "d05227086706f80111ac5fee8de4d5d3115bb3bcfd1c786c8629393055816409")
SKTIME = Wheel(
    "sktime", "1.2.0", "dbffc6731d2d683b668dceb5e2bbc5804bebc8446b4c580803a281684d90e4ae"
)
TSLEARN = Wheel(
    "tslearn", "0.10.0", "793ebbb13ba68cb3fb67b8f6c9a3d7eb2a0ff21a8879f22f47f32b359d6abbbc"
)
VEGA = Wheel(
    "vega_datasets", "0.9.0", "3d7c63917be6ca9b154b565f4779a31fedce57b01b5b9d99d8a34a7608062a1d"
)
