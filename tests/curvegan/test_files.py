"""Files that appear whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from curvegan.files import read_regular, replacing


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
    with pytest.raises(OSError, match="is not a regular file"):
        read_regular(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "file").write_bytes(b"1")
    assert read_regular(tmp_path / "link") == b"1"


def test_a_pipe_does_not_turn_into_a_file(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="is not a regular file"):
        write_half(tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()
    assert list(tmp_path.iterdir()) == [tmp_path / "pipe"]


@pytest.mark.parametrize("name", ["", "nothing/c.csv"])
def test_an_error_names_the_file_that_was_asked_for(tmp_path: Path, name: str):
    with pytest.raises(OSError, match="directory") as caught, replacing(tmp_path / name) as aside:
        aside.write_text("whole")
    assert caught.value.filename == str(tmp_path / name)
