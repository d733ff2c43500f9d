"""Where a set lies: a folder, or a URL of a file system that pyarrow knows, such as S3."""

import contextlib
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import IO

import pyarrow as pa
from pyarrow import fs

from curvegan.errors import CurveganError, LockedError
from curvegan.files import ASIDE_NAMES, locked, replacing

_LOCK = ".lock"


class Place:
    """A folder by its path, or by a URL such as `s3://bucket/folder`. It may cross to other
    processes and machines.

    All methods raise CurveganError if the place can't be read or written.
    """

    def __init__(self, address: str) -> None:
        self._is_url = "://" in address
        self._address = address if self._is_url else str(Path(address).absolute())
        self._shown = address
        if self._is_url:  # Without an access key, and without how the store is reached.
            self._shown = re.sub(r"//[^/@]*@", "//", address.partition("?")[0])

    def __str__(self) -> str:
        """As it was given, without secrets."""
        return self._shown

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Makes the folder, and holds it against other processes of this machine; what writers
        that were killed have left there is removed, at the beginning and at the end.

        At a URL there is nothing to hold or remove: objects appear whole.
        """
        folder = self._folder
        if folder is None:
            with self._naming("write"):
                self._files.create_dir(self._path)
            yield
            return
        with contextlib.ExitStack() as stack:
            with self._naming("write"):
                folder.mkdir(parents=True, exist_ok=True)
                try:
                    stack.enter_context(locked(folder / _LOCK, wait=False))
                except LockedError as error:
                    raise CurveganError(f"{self} is written by {error}") from error
                self._remove_unfinished(folder)
            try:
                yield
            finally:
                self._remove_unfinished(folder)

    def names(self) -> set[str]:
        """Returns the names of what lies there, without hidden files."""
        with self._naming("read"):
            found = self._files.get_file_info(fs.FileSelector(self._path, allow_not_found=True))
        return {entry.base_name for entry in found if not entry.base_name.startswith(".")}

    @contextlib.contextmanager
    def reading(self, name: str) -> Iterator[pa.NativeFile | None]:
        """Opens a file for reading at any position; None if there is none."""
        with self._naming("read", name):
            try:
                file = self._files.open_input_file(f"{self._path}/{name}")
            except FileNotFoundError:
                file = None
            with file or contextlib.nullcontext():
                yield file

    def read(self, name: str) -> bytes | None:
        """Returns the content of a file; None if there is none."""
        with self.reading(name) as file:
            return bytes(file.read()) if file else None

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[IO[bytes] | pa.NativeFile]:
        """Opens a file for writing; it appears whole at the end, or not at all after an error."""
        with self._naming("write", name):
            if self._folder is not None:
                with replacing(self._folder / name) as aside, aside.open("wb") as file:
                    yield file
            else:
                # An upload that is broken off would appear, cut off; so nothing is sent before all
                # is there.
                content = pa.BufferOutputStream()
                yield content
                with self._files.open_output_stream(f"{self._path}/{name}") as upload:
                    upload.write(content.getvalue())

    @cached_property
    def _located(self) -> tuple[fs.FileSystem, str]:
        if not self._is_url:
            return fs.LocalFileSystem(), self._address
        with self._naming("reach"):
            files, path = fs.FileSystem.from_uri(self._address)
            return files, path.rstrip("/")

    @property
    def _files(self) -> fs.FileSystem:
        return self._located[0]

    @property
    def _path(self) -> str:
        return self._located[1]

    @property
    def _folder(self) -> Path | None:
        return Path(self._path) if isinstance(self._files, fs.LocalFileSystem) else None

    @contextlib.contextmanager
    def _naming(self, what: str, name: str = "") -> Iterator[None]:
        """Lets errors of the file system say what could not be done where, on one line."""
        try:
            yield
        except (OSError, pa.ArrowInvalid) as error:
            reason = (isinstance(error, OSError) and error.strerror) or str(error)
            place = f"{name} in {self}" if name else str(self)
            raise CurveganError(f"can't {what} {place}: {reason}") from error

    @staticmethod
    def _remove_unfinished(folder: Path) -> None:
        for aside in folder.glob(ASIDE_NAMES):
            with contextlib.suppress(OSError):
                aside.unlink()
