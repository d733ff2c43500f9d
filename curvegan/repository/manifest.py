"""`manifest.json`: what one version of a model is, and the SHA-256 of each of its files."""

import hashlib
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import msgspec

from curvegan.errors import RepositoryError

FORMAT = 1
MANIFEST = "manifest.json"

ModelName = Literal["generator", "sampler"]

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Family:
    """The curves that a model learnt.

    `lower_bound` and `upper_bound` hold the lowest and the highest y at each x, [n_points] each;
    both are None for a family without bounds.
    """

    name: str
    lower_bound: list[float] | None = None
    upper_bound: list[float] | None = None


@dataclass(frozen=True)
class Measure:
    """A measure of quality: how to read its figure, and how to write it.

    `name` is its key in `Description.quality`, `label` what people call it, `format` a format
    specification such as ".4f". `floor` is what perfect curves reach, None where nobody knows.
    """

    name: str
    label: str
    better: Literal["lower", "higher"]
    floor: float | None
    format: str


@dataclass(frozen=True)
class Training:
    """How a generator was trained: the recipe with all its hyperparameters, and how it ended.

    `d_real` is the mean probability that the discriminator gave to real curves, `score` its mean
    -loss; both over the last tenth of the steps. `ms_per_step` is what a step of the whole
    `population` of GANs took, of which this is the best.
    """

    recipe: str
    hyperparameters: dict[str, int | float | str]
    seed: int
    device: str
    ms_per_step: float
    d_real: float
    score: float
    population: int = 1


@dataclass(frozen=True)
class Description:
    """All that is known of a trained generator before it has a version.

    `parity` maps model, runtime to the largest absolute difference from torch eager; `libraries`
    maps the name of a library to the version that trained and exported. `measures` say what the
    figures of `quality` are, in the order of people's interest; releases that had no others than
    those of the default family did not write them.
    """

    family: Family
    x_grid: list[float]
    n_noise: int
    seed_rule: str
    training: Training
    quality: dict[str, float]
    parity: dict[ModelName, dict[str, float]]
    libraries: dict[str, str]
    measures: list[Measure] = field(default_factory=list)

    @property
    def n_points(self) -> int:
        """Numbers in a curve."""
        return len(self.x_grid)


@dataclass(frozen=True)
class Manifest:
    """One model of one version, as `manifest.json` holds it.

    `files` maps a file's name to its SHA-256 in hexadecimal. The sampler's manifest also holds
    the sum of the generator's manifest, and so vouches for the whole version. `self_sha256` is
    the sum of the manifest itself with this field left empty.
    """

    format: int
    model: ModelName
    version: int
    files: dict[str, str]
    description: Description
    generator_manifest_sha256: str = ""
    self_sha256: str = field(default="", kw_only=True)

    def to_json(self) -> bytes:
        """Returns the file's bytes, sealed by `self_sha256`."""
        return to_json(replace(self, self_sha256=sha256(to_json(replace(self, self_sha256="")))))


def sha256(content: bytes) -> str:
    """Returns the SHA-256 of `content` in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def parse_manifest(content: bytes, path: Path) -> Manifest:
    """Returns the manifest that `content`, read from `path`, holds.

    Raises RepositoryError for content that is cut off, altered or of another format, or that
    names files elsewhere.
    """

    try:
        fields = msgspec.json.decode(content, type=dict[str, object])
        if fields.get("format") != FORMAT:
            raise RepositoryError(
                f"{path} has format {fields.get('format')}, this program reads format {FORMAT}: "
                "use the release of curvegan that wrote it"
            )
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RepositoryError(
            f"{path} is not a whole manifest ({error}): restore it or delete this version"
        ) from error
    # Summed over the fields of the file rather than of the dataclass, so that a manifest stays
    # valid when a later release adds a field with a default.
    if sha256(to_json(fields | {"self_sha256": ""})) != manifest.self_sha256:
        raise RepositoryError(
            f"{path} was altered after it was published: restore it or delete this version"
        )
    for name in manifest.files:
        if not _FILE_NAME.fullmatch(name):
            raise RepositoryError(
                f"{path} names the file {name!r}: a version's files stand in its own folder, under "
                "plain names; delete this version"
            )
    return manifest


def to_json(content: object) -> bytes:
    """Returns `content`, a dataclass or a dict, as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"
