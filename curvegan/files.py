"""Files that are read only if they are files, and appear whole or not at all, also after a power
cut; and locks against other processes."""

import contextlib
import errno
import os
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from curvegan.errors import LockedError, UnsyncedError

ASIDE = ".part-"
# The names of what is written aside; a user's own file hardly has one.
ASIDE_NAMES = ASIDE + 16 * "[0-9a-f]" + "*"
HELD = ".held"

# The errors by which a system or a drive says that it can't flush a folder. PostgreSQL ignores the
# first four (Windows can't even open one), the others mean "not implemented". SQLite ignores all.
# None of them is a drive that fails: that is EIO or ENOSPC.
_NO_FLUSH = {
    errno.EACCES,
    errno.EBADF,
    errno.EINVAL,
    errno.EISDIR,
    errno.ENOSYS,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
}
_NO_LOCKS = {errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
# Seconds to wait for another process's lock file, which may be left by one that was killed.
_PATIENCE = 10.0

_unfinished: set[Path] = set()


def read_regular(path: Path) -> bytes:
    """Returns the bytes of a file. Raises OSError, also for a pipe or a device, whose end may never
    come."""
    _check_regular(path)
    return path.read_bytes()


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`; what was written there replaces `path` at the end.

    It has the same suffix, and a name of its own, so that two writers of one file do not meet.
    Nothing is left there when writing failed. Raises OSError if the file could not be written, also
    for a pipe or a device, which must not turn into a file; UnsyncedError if it was written, but
    the drive failed afterwards.
    """
    _check_regular(path)
    aside = path.with_name(f"{ASIDE}{secrets.token_hex(8)}{path.suffix}")
    _unfinished.add(aside)
    try:
        yield aside
        flush_file(aside)
        aside.replace(path)
    except OSError as error:
        if error.filename in (aside, str(aside)):
            error.filename = str(path)  # the one that the user knows
        raise
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
        _unfinished.discard(aside)
    confirm(path)


def drop_unfinished() -> None:
    """Removes what `replacing` has written so far, for a process that ends there and then."""
    for aside in tuple(_unfinished):
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)


def flush_file(path: Path) -> None:
    """Waits until a file's content is on the disk. Raises OSError."""
    _flush(path, os.O_RDWR)  # Windows does not flush what is open for reading.


def flush_folder(path: Path) -> None:
    """Waits until a folder's list of names is on the disk, where the drive and the system can do
    that. Raises OSError if the drive fails."""
    try:
        _flush(path, os.O_RDONLY)
    except OSError as error:
        if error.errno not in _NO_FLUSH:
            raise


def confirm(path: Path) -> None:
    """Waits until the name of `path`, which is in place, is on the disk, as `flush_folder` does.

    Raises UnsyncedError if the drive fails.
    """
    try:
        flush_folder(path.parent)
    except OSError as error:
        raise UnsyncedError(
            f"{path} was written, but then its drive failed ({error.strerror}): a power cut may "
            "undo that; check the drive"
        ) from error


@contextlib.contextmanager
def locked(path: Path, *, wait: bool) -> Iterator[None]:
    """Holds a lock on the file `path` against other processes; makes the file if it is missing.

    It is flock's, which ends with the process, however that ends. Where the drive or the system has
    no flock, the lock is a second file, PATH.held, which only one process can create, and which
    names that process. If the process is killed, the file stays, and the user has to remove it, as
    with git's lock files: from another machine nobody can tell whether the process still runs. All
    processes must see the same kind of drive.

    `wait` waits until the lock is free; for a lock file 10 seconds at most. Raises LockedError if
    another process holds the lock, OSError if the files can't be written.
    """
    with path.open("a") as file:
        if _flock(file, wait):
            yield
        else:
            with _only_maker(path.with_name(f"{path.name}{HELD}"), wait):
                yield


def _check_regular(path: Path) -> None:
    if path.exists() and not path.is_dir() and not path.is_file():
        raise OSError(errno.EINVAL, "is not a regular file", str(path))


def _flush(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flock(file: IO[str], wait: bool) -> bool:
    """Locks an open file until it is closed. Returns False where there is no flock."""
    try:
        import fcntl
    except ImportError:  # on Windows
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LockedError("another process: wait until it ends") from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return False
    return True


@contextlib.contextmanager
def _only_maker(held: Path, wait: bool) -> Iterator[None]:
    until = time.monotonic() + (_PATIENCE if wait else 0.0)
    while True:
        try:
            file = held.open("x", encoding="utf-8")
            break
        except FileExistsError:
            if time.monotonic() >= until:
                raise LockedError(
                    f"another process ({_maker(held)}); if that no longer runs, remove {held}"
                ) from None
            time.sleep(0.05)
    try:
        with file:
            file.write(f"process {os.getpid()} on {socket.gethostname()}")
        yield
    finally:
        with contextlib.suppress(OSError):
            held.unlink()


def _maker(held: Path) -> str:
    try:
        return held.read_text(encoding="utf-8", errors="replace")[:200] or "unknown"
    except OSError:
        return "unknown"
