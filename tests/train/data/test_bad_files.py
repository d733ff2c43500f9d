"""Files that hold no table of curves, or a damaged one: one line says which and why."""

import os
import pickle
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest

from curvegan.errors import CurveganError
from curvegan.tables import open_table
from tests.train.data.tables import LONG, csv, curves, error_of, npy, write
from train.data.table.split import Split

ROWS = curves().astype(object)


class Harmful:
    def __reduce__(self):
        return os.mkdir, ("harm",)


ARRAYS = {
    "pickle": (pickle.dumps(Harmful()), "is not a .npy file: give it the suffix of what it is"),
    "objects": (npy(np.array([[Harmful()]])), "holds Python objects, which are not read"),
    "cut": (npy(curves())[:-8], "is damaged, save it again"),
    "header only": (npy(curves())[:20], "is damaged, save it again"),
    "header of nonsense": (
        npy(curves())[:30] + b"(\n\xa5" + npy(curves())[33:],
        "is damaged, save it again",
    ),
    "one dimension": (npy(curves()[0]), "holds float64 [4]: give one array of numbers with two di"),
    "three dimensions": (npy(curves()[None]), "holds float64 [1, 40, 4]: give one array"),
    "words": (npy(curves().astype(str)), "holds <U32 [40, 4]: give one array of numbers"),
    "complex": (npy(curves() * 1j), "holds complex128 [40, 4]: give one array of numbers"),
    "text": (b"0,1,2,3\n", "is not a .npy file: give it the suffix of what it is"),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_an_array_of_something_else_is_one_line(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    content, expected = ARRAYS[kind]
    path = write(tmp_path / "days.npy", content)
    line = error_of(path)
    assert str(path) in line
    assert expected in line
    assert not (tmp_path / "harm").exists()


ARCHIVES = {
    "two tables": (
        {"a": curves(), "b": curves()},
        "a float64 [40, 4], b float64 [40, 4]: give one",
    ),
    "no table": ({"x": np.arange(4)}, "holds x int64 [4]: give one array of numbers"),
    "short x": ({"a": curves(), "x": np.arange(3)}, "x has the shape [3], and a row has 4 numbers"),
    "few labels": (
        {"a": curves(), "k": np.arange(3)},
        "k has the shape [3], and there are 40 rows",
    ),
    "objects": ({"a": curves(), "k": np.array([None] * 40)}, "holds Python objects, which are not"),
    "x of another kind": (
        {"a": curves(), "x": np.arange(4, dtype="m8[D]")},
        "x can't be read, it holds timedelta64[D], not numbers, words or dates: convert it",
    ),
    "x of bytes": (
        {"a": curves(), "x": np.array([b"\xe4", b"a", b"b", b"c"])},
        "x can't be read, it holds words that are not",
    ),
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_an_archive_of_something_else_is_one_line(tmp_path: Path, kind: str):
    arrays, expected = ARCHIVES[kind]
    path = tmp_path / "days.npz"
    np.savez(path, **arrays)
    assert expected in error_of(path)


def test_a_damaged_archive_is_one_line(tmp_path: Path):
    path = tmp_path / "days.npz"
    np.savez(path, curves())
    content = path.read_bytes()
    assert "is damaged, save it again" in error_of(write(path, content[: len(content) // 2]))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "no array")
    assert "give one array of numbers" in error_of(path)


PARQUETS = {
    "nested": ({"0": [[1.0]] * 40, "1": [2.0] * 40}, "column '0' holds list<", "single values"),
    "text": ({"0": ["a"] * 40, "1": [2.0] * 40}, "column '0' holds string, not numbers", "convert"),
    "dates": (
        {"0": [date(2030, 1, 31)] * 40, "1": [2.0] * 40},
        "column '0' holds date32[day], not numbers",
        "leave it out",
    ),
}


@pytest.mark.parametrize("kind", PARQUETS)
def test_a_parquet_file_of_something_else_is_one_line(tmp_path: Path, kind: str):
    columns, *expected = PARQUETS[kind]
    path = tmp_path / "days.parquet"
    pa_parquet.write_table(pa.table(columns), path)
    line = error_of(path)
    assert str(path) in line
    assert all(part in line for part in expected)


def test_labels_of_a_parquet_file_that_are_not_text_are_one_line(tmp_path: Path):
    path = tmp_path / "days.parquet"
    labels = pa.array([b"\xff", b"a"] * 20).view(pa.string())
    pa_parquet.write_table(pa.table({"0": curves()[:, 0], "1": curves()[:, 1], "k": labels}), path)
    assert "is damaged, write it again" in error_of(path, label_column="k")


NOT_UNICODE = {
    "npz bytes": np.array([b"\xe4", b"b"] * 20),
    "npz surrogate": np.array(["\ud800", "b"] * 20),
    "parquet": pa.array([b"\xe4", b"b"] * 20),
}


@pytest.mark.parametrize("kind", NOT_UNICODE)
def test_labels_that_are_not_unicode_are_one_line(tmp_path: Path, kind: str):
    labels = NOT_UNICODE[kind]
    if kind == "parquet":
        path = tmp_path / "days.parquet"
        columns = {str(j): curves()[:, j] for j in range(4)}
        pa_parquet.write_table(pa.table(columns | {"k": labels}), path)
    else:
        path = tmp_path / "days.npz"
        np.savez(path, curves(), k=labels)
    assert str(path) in error_of(path, label_column="k")


def test_dates_that_no_calendar_has_are_one_line(tmp_path: Path):
    path = tmp_path / "days.parquet"
    x = pa.array([1, 2, 9 * 10**18] * 40, pa.timestamp("ms"))
    pa_parquet.write_table(pa.table({"id": np.repeat(range(40), 3), "x": x, "y": range(120)}), path)
    assert "holds timestamp[ms] outside the years 1 to 9999" in error_of(path, **LONG)


def test_a_table_of_which_too_few_curves_to_judge_by_are_held_out_is_one_line(tmp_path: Path):
    path = write(tmp_path / "days.csv", csv(ROWS[:32]))
    counts = {seed: int(Split(seed).held_out(32).sum()) for seed in range(200)}
    few = min(counts, key=counts.__getitem__)
    assert f"holds out {counts[few]}, and 4 are needed to judge by" in error_of(path, seed=few)


@pytest.mark.parametrize("keep", [4, 200, -8])
def test_a_cut_parquet_file_is_one_line(tmp_path: Path, keep: int):
    path = tmp_path / "days.parquet"
    pa_parquet.write_table(pa.table({str(j): curves()[:, j] for j in range(4)}), path)
    assert f"{path} is damaged, write it again" in error_of(write(path, path.read_bytes()[:keep]))


def test_what_is_not_a_file_with_a_table_is_one_line(tmp_path: Path):
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    for name, expected in {
        "nothing.csv": "can't read {}: No such file or directory",
        "folder.csv": "{} is a folder: give a file",
        "pipe.csv": "{} is not a regular file: save the table into one",
        "days.xlsx": "can't read '{}': its name must end in .csv, .tsv, .parquet, .npy or .npz",
        "days.csv.gz": "can't read '{}': its name must end in .csv",
        "days": "can't read '{}': its name must end in .csv",
    }.items():
        assert expected.format(tmp_path / name) in error_of(tmp_path / name)


def test_a_file_that_may_not_be_read_is_one_line(tmp_path: Path):
    path = write(tmp_path / "days.csv", csv(ROWS))
    path.chmod(0)
    user = os.geteuid()
    if user == 0:  # Root may read everything, nobody may not.
        os.seteuid(65534)
    try:
        with pytest.raises(CurveganError) as caught:
            open_table(path)
    finally:
        os.seteuid(user)
    assert str(caught.value) == f"can't read {path}: Permission denied"
