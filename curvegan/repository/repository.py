"""The model repository on disk: which versions it holds, and their files, verified.

    models/
      generator/ config.pbtxt  1/ model.onnx model.pt model.pt2 manifest.json   noise -> curves
      sampler/   config.pbtxt  1/ model.onnx model.pt model.pt2 manifest.json   seeds -> curves

It is the layout that Triton and KServe read. Version N exists when `sampler/N` does, for that is
the last thing that publishing it does (`curvegan.repository.publish`).
"""

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from curvegan.errors import RepositoryError
from curvegan.files import read_regular
from curvegan.repository.description import Description, ModelName
from curvegan.repository.manifest import MANIFEST, Manifest, parse_manifest, sha256

ONNX = "model.onnx"
TORCHSCRIPT = "model.pt"
EXPORTED_PROGRAM = "model.pt2"  # Versions of before it came do without.

DEFAULT_MODELS = Path("models")

_VERSION = re.compile(r"[1-9][0-9]{0,17}")
MAX_VERSION = 10**18 - 1
# How often a version is read that changes each time: a file may be growing there.
_READS = 3


@dataclass(frozen=True)
class ModelVersion:
    """A verified version: both models' manifests, and their ONNX files as they were read."""

    sampler_manifest: Manifest
    generator_manifest: Manifest
    sampler_onnx: bytes
    generator_onnx: bytes

    @property
    def number(self) -> int:
        """Its number in the repository."""
        return self.sampler_manifest.version

    @property
    def description(self) -> Description:
        """What is known of it, which is the same for both models."""
        return self.sampler_manifest.description

    @property
    def sampler_sha256(self) -> str:
        """The SHA-256 of the sampler's ONNX file, in hexadecimal."""
        return self.sampler_manifest.files[ONNX]

    @property
    def generator_sha256(self) -> str:
        """The SHA-256 of the generator's ONNX file, in hexadecimal."""
        return self.generator_manifest.files[ONNX]


class Repository:
    """The models below the folder `root`, read-only."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def versions(self) -> list[int]:
        """Returns the numbers of the versions that exist, ascending. Nothing is verified."""
        return version_folders(self.root / "sampler")

    def holds(self, version: int) -> bool:
        """Returns whether there is a version of this number. Nothing is verified."""
        try:
            return (self.root / "sampler" / str(version)).is_dir()
        except OSError:
            return False

    def newest(self) -> int:
        """Returns the highest version. Raises RepositoryError if there is none."""
        versions = self.versions()
        if not versions:
            raise RepositoryError(
                f"no model in {self.root}: train one with `python -m train --models {self.root}`, "
                "or name another folder with --models"
            )
        return versions[-1]

    def load(self, version: int) -> ModelVersion:
        """Reads version `version` and verifies every file of it against its SHA-256.

        What changes while it is read, such as a link to another repository, is read again.

        Raises RepositoryError if a file is missing, cut off, altered, or of another format.
        """
        for _ in range(_READS):
            before = self.fingerprint(version)
            try:
                return self._load(version)
            except RepositoryError as error:
                failure = error
            if self.fingerprint(version) == before:
                break
        raise failure

    def sampler_manifest(self, version: int) -> Manifest:
        """Reads the manifest that vouches for the whole of version `version`. No other file is.

        Raises RepositoryError if it is missing, cut off, altered, or of another format.
        """
        return self._manifest("sampler", version)

    def fingerprint(self, version: int) -> tuple[object, ...]:
        """Returns what changes when a file of version `version` does. Nothing is read."""
        stamps = []
        # The root as it stands there: it may be a link that is moved to and fro.
        with contextlib.suppress(FileNotFoundError):
            stamps.append(_stamp(self.root, self.root.lstat()))
        for model in ("sampler", "generator"):
            for path in sorted((self.root / model / str(version)).glob("*")):
                with contextlib.suppress(FileNotFoundError):
                    stamps.append(_stamp(path, path.stat()))
        return tuple(stamps)

    def _load(self, version: int) -> ModelVersion:
        sampler_manifest = self._manifest("sampler", version)
        sampler = self._files("sampler", sampler_manifest)
        generator_manifest = self._manifest(
            "generator", version, sampler_manifest.generator_manifest_sha256
        )
        generator = self._files("generator", generator_manifest)
        return ModelVersion(sampler_manifest, generator_manifest, sampler[ONNX], generator[ONNX])

    def _manifest(self, model: ModelName, version: int, expected: str | None = None) -> Manifest:
        """Reads one model's manifest, whose SHA-256 must be `expected` if that is given."""
        path = self.root / model / str(version) / MANIFEST
        content = _read(path)
        if expected is not None:
            _verify(content, expected, path)
        manifest = parse_manifest(content, path)
        if (manifest.model, manifest.version) != (model, version):
            raise RepositoryError(
                f"{path} is of {manifest.model} version {manifest.version}: "
                "published versions can't be renamed; publish the model anew"
            )
        return manifest

    def _files(self, model: ModelName, manifest: Manifest) -> dict[str, bytes]:
        """Reads and verifies the files that one model's manifest names."""
        folder = self.root / model / str(manifest.version)
        files = {}
        for name, expected in manifest.files.items():
            files[name] = _read(folder / name)
            _verify(files[name], expected, folder / name)
        if ONNX not in files:
            raise RepositoryError(f"{folder / MANIFEST} names no {ONNX}: publish the model anew")
        return files


def version_folders(model_folder: Path) -> list[int]:
    """Returns the numbers of the version folders in one model's folder, ascending.

    Raises RepositoryError if the folder can't be read; one that does not exist holds none.
    """
    try:
        names = [entry.name for entry in model_folder.iterdir() if entry.is_dir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RepositoryError(f"can't read {model_folder}: {error.strerror}") from error
    return sorted(int(name) for name in names if _VERSION.fullmatch(name))


def _stamp(path: Path, found: os.stat_result) -> tuple[object, ...]:
    return (str(path), found.st_ino, found.st_size, found.st_mtime_ns)


def _read(path: Path) -> bytes:
    try:
        return read_regular(path)
    except OSError as error:
        raise RepositoryError(
            f"can't read {path}: {error.strerror}; restore it or delete this version"
        ) from error


def _verify(content: bytes, expected: str, path: Path) -> None:
    if sha256(content) != expected:
        raise RepositoryError(
            f"{path} is damaged: its SHA-256 is {sha256(content)[:12]}…, the manifest says "
            f"{expected[:12]}…; restore it or delete this version"
        )
