"""Claims a socket file, as only one server may have it."""

import contextlib
import errno
import fcntl
import os
import socket
import stat
from pathlib import Path


class ClaimedFile:
    """A socket file that is ours until it is closed; `socket` is bound to it.

    A lock file beside it says so, which a server that is killed leaves without its lock. That
    nobody listens on the socket would not say enough: so it is, too, while the worker of a live
    server is being started again.
    """

    def __init__(self, path: Path) -> None:
        """Replaces a socket that a killed server left. Raises OSError if the path is not free."""
        self._path = path
        self._lock_path = path.with_name(f"{path.name}.lock")
        self._lock = _locked(self._lock_path)
        self.socket = socket.socket(socket.AF_UNIX)
        try:
            _remove_stale(path)
            self.socket.bind(str(path))
        except OSError:
            self._unlock()
            raise

    def close(self) -> None:
        """Removes the file, and whatever has been bound to its path in the meantime."""
        self._path.unlink(missing_ok=True)
        self._unlock()

    def _unlock(self) -> None:
        self.socket.close()
        with contextlib.suppress(OSError):  # Somebody may have removed the folder.
            self._lock_path.unlink()
        os.close(self._lock)


def _locked(path: Path) -> int:
    """Returns the lock file, open and locked. Raises OSError if another process has it."""
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Who had it may have removed it after it was opened here.
            if path.exists() and os.path.samestat(os.fstat(lock), path.stat()):
                return lock
        except BlockingIOError:
            os.close(lock)
            raise _in_use() from None
        os.close(lock)


def _remove_stale(path: Path) -> None:
    """Removes a socket on which nobody listens. Raises OSError for any other file."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(errno.EEXIST, "there is a file of that name that is not a socket")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        if probe.connect_ex(str(path)) != errno.ECONNREFUSED:
            raise _in_use()
    path.unlink()


def _in_use() -> OSError:
    return OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
