"""Records the content of each version number, for all workers of a server."""

from pathlib import Path


class VersionDigests:
    """Maps each version number to the SHA-256 of its manifest, as the first worker loaded it.

    Stored as symbolic links in `folder`, from number to digest. Creating a link is atomic, and only
    the first of several attempts succeeds, so no lock is needed, and a worker that is killed leaves
    nothing incomplete. `folder` exists until the server ends.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def record(self, number: int, manifest_sha256: str) -> str:
        """Records the digest of the version `number`, unless there already is one. Returns the
        recorded digest.

        Raises OSError if the folder can't be written.
        """
        link = self._link(number)
        try:
            link.symlink_to(manifest_sha256)
        except FileExistsError:
            return str(link.readlink())
        return manifest_sha256

    def has(self, number: int) -> bool:
        """Returns whether any worker has loaded a version with this number."""
        return self._link(number).is_symlink()

    def _link(self, number: int) -> Path:
        return self._folder / f"version-{number}"
