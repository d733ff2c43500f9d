"""Files that are read only if they are files, and appear whole or not at all, also through a power
cut."""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

ASIDE = ".part-"

_unfinished: set[Path] = set()


def read_regular(path: Path) -> bytes:
    """Returns the bytes of a file. Raises OSError, also for a pipe or a device, whose end may never
    come."""
    _check_regular(path)
    return path.read_bytes()


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a path beside `path`; what was written there takes its place at the end.

    It has the same suffix, and a name of its own, so that two writers of one file do not meet.
    Nothing is left there when writing failed. Raises OSError, also for a pipe or a device, which
    shall not turn into a file.
    """
    _check_regular(path)
    aside = path.with_name(f"{ASIDE}{secrets.token_hex(8)}{path.suffix}")
    _unfinished.add(aside)
    try:
        yield aside
        flush(aside)
        aside.replace(path)
        flush(path.parent)
    except OSError as error:
        if error.filename in (aside, str(aside)):
            error.filename = str(path)  # the one that the user knows
        raise
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
        _unfinished.discard(aside)


def drop_unfinished() -> None:
    """Removes what `replacing` has written so far, for a process that ends there and then."""
    for aside in tuple(_unfinished):
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)


def _check_regular(path: Path) -> None:
    if path.exists() and not path.is_dir() and not path.is_file():
        raise OSError(errno.EINVAL, "is no regular file", str(path))


def flush(path: Path) -> None:
    """Waits until a file's content, or a folder's list of names, is on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
