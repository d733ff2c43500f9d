"""The versions that a worker loads, without a server."""

from pathlib import Path

from curvegan.repository.repository import Repository
from serve.compute.version_digests import VersionDigests
from serve.compute.versions import Versions


class Watched:
    """The versions of a repository as a worker loads them, and those that it refused.

    Several objects for one repository act like workers of one server.
    """

    def __init__(self, models: Path, keep: int = 1, pin: int | None = None) -> None:
        self.refused: list[tuple[int, str]] = []
        shared = models.with_name("shared")
        shared.mkdir(exist_ok=True)
        self.versions = Versions(
            Repository(models),
            VersionDigests(shared),
            keep,
            pin,
            lambda *refusal: self.refused.append(refusal),
        )
        self.versions.refresh()
