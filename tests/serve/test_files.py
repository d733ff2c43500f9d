"""Files that appear whole or not at all."""

from pathlib import Path

import pytest

from serve.files import replacing


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
    with pytest.raises(FileNotFoundError), replacing(path):
        pass  # nothing was written
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
