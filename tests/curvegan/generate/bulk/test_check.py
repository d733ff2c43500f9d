"""curvegan bulk --check: a set is whole, or what is wrong with it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.curvegan.generate.bulk.command import bulk, check
from tests.support.commands import try_command
from tests.support.labelled.days import LABELS

SEEDS = "0-9,20-29,1048000-1049000"
FIRST, SECOND, THIRD, FOURTH = (
    "seeds_0000000_0000009",
    "seeds_0000020_0000029",
    "seeds_1048000_1048575",
    "seeds_1048576_1049000",
)


@pytest.fixture(scope="module", params=["parquet", "npy"])
def made(request: pytest.FixtureRequest, published: Path, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("checked") / "out"
    bulk(published, out, "--seeds", SEEDS, "--format", request.param)
    return out


@pytest.fixture
def out(made: Path, tmp_path: Path) -> Path:
    """A set that a test may damage."""
    return shutil.copytree(made, tmp_path / "out")


def part(out: Path, stem: str) -> Path:
    (path,) = out.glob(f"{stem}.*")
    return path


def problems(out: Path, *arguments: str) -> list[str]:
    """Returns the lines of a check that fails."""
    done = check(out, *arguments)
    lines = done.stdout.splitlines()
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith(f"error: out is not whole, for {len(lines)} reason"), done.stderr
    return lines


def test_a_whole_set_is_whole(out: Path, published: Path):
    for arguments in ((), ("--models", str(published))):
        done = check(out, *arguments)
        assert done.stdout == "out is whole: 1021 curves of model version 1\n", done.stderr
        assert (done.returncode, done.stderr) == (0, "")


def test_missing_seeds_are_named_as_ranges(out: Path):
    for stem in (FIRST, THIRD, FOURTH):
        part(out, stem).unlink()
    assert problems(out) == ["seeds 0-9 are missing", "seeds 1048000-1049000 are missing"]


def test_missing_labels_are_named(labelled: Path, tmp_path: Path):
    out = tmp_path / "out"
    bulk(labelled, out, "--seeds", "0-9", "--label", LABELS[0], "--label", LABELS[1])
    (out / "seeds_0_9_label_1.parquet").unlink()
    assert problems(out) == [f"seeds 0-9 of {LABELS[1]!r} are missing"]


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def make_longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"0" * 60)


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [cut_off, make_longer, empty])
def test_a_damaged_file_is_named(out: Path, damage: Callable[[Path], None]):
    damage(part(out, SECOND))
    (line,) = problems(out)
    assert line.startswith(f"{part(out, SECOND).name} ")


def test_changed_bytes_are_found(out: Path, published: Path):
    """In Parquet one, by the pages' sums; npy has none, so that only the model tells."""
    path = part(out, FIRST)
    content = bytearray(path.read_bytes())
    for position in range(300, 301 if path.suffix == ".parquet" else len(content)):
        content[position] ^= 0x40
    path.write_bytes(content)
    (line,) = problems(out, *(("--models", str(published)) if path.suffix == ".npy" else ()))
    assert line.startswith(f"{path.name} ")


def test_a_copy_under_another_name_is_found(out: Path, published: Path):
    """Ten curves as asked for, but not of these seeds."""
    shutil.copy(part(out, FIRST), part(out, SECOND))
    (line,) = problems(out, "--models", str(published))
    assert line.startswith(part(out, SECOND).name)


def test_files_of_something_else_are_named(out: Path):
    (out / "notes.txt").write_text("Dear")
    shutil.copy(part(out, FIRST), out / "seeds_0000000_0000019.parquet")
    assert problems(out) == [
        "notes.txt is not of this set",
        "seeds_0000000_0000019.parquet is not of this set",
    ]


def test_curves_of_another_model_are_found(out: Path, published: Path):
    path = part(out, FIRST)
    if path.suffix == ".npy":
        np.save(path, 2 * np.load(path))
    else:
        table = pq.read_table(path)
        wrong = table.set_column(0, table.schema.field(0), [np.arange(1, 11)])
        pq.write_table(wrong, path)
    assert problems(out, "--models", str(published)) == [
        f"{path.name} holds "
        + (
            "other curves than the model makes"
            if path.suffix == ".npy"
            else "other seeds than its name says"
        )
    ]


def test_another_model_than_the_set_s_is_one_line(out: Path, labelled: Path):
    done = check(out, "--models", str(labelled))
    assert "is not the one that made the curves" in done.stderr
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "holds no _set.json: `curvegan bulk` has made no curves there"),
        (b"", "_set.json in out does not describe a set of curves"),
        (b'{"format": 1}', "_set.json in out does not describe a set of curves"),
    ],
)
def test_what_is_not_a_set_is_one_line(out: Path, content: bytes | None, expected: str):
    (out / "_set.json").unlink()
    if content is not None:
        (out / "_set.json").write_bytes(content)
    done = check(out)
    assert done.stderr.startswith("error: out ") or done.stderr.startswith("error: _set.json ")
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_check_is_not_asked_for_a_format(out: Path):
    done = check(out, "--format", "npy")
    assert done.stderr == ("error: --check OUT goes with --models, --workers and --ray alone\n")


def test_no_folder_is_one_line(tmp_path: Path):
    done = try_command("curvegan", "bulk", "--check", "nothing", cwd=tmp_path)
    assert "error: nothing holds no _set.json" in done.stderr
