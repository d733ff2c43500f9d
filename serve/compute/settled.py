"""Which content each version number stands for: settled once, for all workers of a server."""

from pathlib import Path


class Settled:
    """The manifest's sum that a version number stands for, from the first worker that loaded it
    until the server ends.

    Each is a symbolic link in `folder`, which outlives every worker, from the number to the sum.
    The system makes a link whole or not at all, and of several at once only the first: so it needs
    no lock, and a worker that is killed leaves nothing half done.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def settle(self, number: int, manifest_sha256: str) -> str:
        """Returns the sum that the version `number` stands for: `manifest_sha256`, unless it was
        settled before.

        Raises OSError if the folder can't be written.
        """
        link = self._link(number)
        try:
            link.symlink_to(manifest_sha256)
        except FileExistsError:
            return str(link.readlink())
        return manifest_sha256

    def holds(self, number: int) -> bool:
        """Returns whether any worker has loaded a version of this number."""
        return self._link(number).is_symlink()

    def _link(self, number: int) -> Path:
        return self._folder / f"version-{number}"
