"""Files that appear whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from serve.files import read_regular, replacing


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path):
    path = tmp_path / "c.csv"
    with replacing(path) as one:
        one.write_text("one")
        with replacing(path) as other:
            other.write_text("the other")
        assert path.read_text() == "the other"
    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_writer_leaves_the_old_file_alone(tmp_path: Path):
    path = tmp_path / "c.csv"
    path.write_text("old")
    with pytest.raises(OSError, match="No space left on device"):
        write_half(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def write_half(path: Path) -> None:
    with replacing(path) as aside:
        aside.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_pipe_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="is no regular file"):
        read_regular(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "file").write_bytes(b"1")
    assert read_regular(tmp_path / "link") == b"1"
