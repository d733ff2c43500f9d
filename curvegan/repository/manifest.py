"""`manifest.json`: what one version of a model is, and the SHA-256 of each of its files."""

import hashlib
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from curvegan.errors import RepositoryError
from curvegan.repository.description import Description, ModelName

FORMAT = 1
MANIFEST = "manifest.json"

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


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
