"""A user's table becomes a source of curves: those of the file, at its x, a fifth held out."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest
import torch

from curvegan.errors import CurveganError
from tests.train.data.tables import (
    LONG,
    contents,
    csv,
    curves,
    error_of,
    everything,
    long_csv,
    npy,
    read,
    write,
)
from train.data.table.contents import CONTENTS
from train.data.table.data_file import DataFile
from train.data.table.reading import read_table
from train.data.table.source import TableSource
from train.data.table.split import Split

ROWS = curves(50)


def in_order(rows: np.ndarray) -> np.ndarray:
    rows = rows.astype(np.float32)
    return rows[np.lexsort(rows.T[::-1])]


def files(folder: Path) -> dict[str, Path]:
    """The same curves in every kind of file, x 0 to 3."""
    parquet, npz = folder / "days.parquet", folder / "days.npz"
    pa_parquet.write_table(pa.table({str(j): ROWS[:, j] for j in range(4)}), parquet)
    np.savez(npz, ROWS)
    return {
        "csv": write(folder / "days.csv", csv(ROWS)),
        "windows csv": write(
            folder / "windows.CSV", b"\xef\xbb\xbf" + csv(ROWS).replace("\n", "\r\n").encode()
        ),
        "tsv": write(folder / "days.tsv", csv(ROWS, "0\t1\t2\t3", "\t")),
        "parquet": parquet,
        "npy": write(folder / "days.npy", npy(ROWS)),
        "npy by columns": write(folder / "columns.npy", npy(np.asfortranarray(ROWS))),
        "npz": npz,
    }


@pytest.mark.parametrize(
    "kind", ["csv", "windows csv", "tsv", "parquet", "npy", "npy by columns", "npz"]
)
def test_every_kind_of_file_gives_its_curves(tmp_path: Path, kind: str):
    source = read(files(tmp_path)[kind])
    np.testing.assert_array_equal(everything(source), in_order(ROWS))
    assert source.x_grid.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("dtype", [">f8", "<f4", "<i4", "<u2", "<f2"])
def test_arrays_of_any_numbers_are_read(tmp_path: Path, dtype: str):
    rows = (100 + 10 * ROWS).astype(dtype)
    source = read(write(tmp_path / "a.npy", npy(rows)))
    np.testing.assert_array_equal(everything(source), in_order(rows))


def test_columns_of_whole_numbers_and_decimals_are_read(tmp_path: Path):
    whole = (100 * ROWS).astype(int)
    columns = {str(j): pa.array(whole[:, j].tolist()) for j in range(4)}
    columns["0"] = columns["0"].cast(pa.decimal128(25, 2))
    pa_parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    np.testing.assert_array_equal(everything(read(tmp_path / "a.parquet")), in_order(whole))


@pytest.mark.parametrize("by_curve", [True, False])
def test_a_long_table_gives_its_curves_in_any_order(tmp_path: Path, by_curve: bool):
    """Curve after curve, or x after x; and the points of a curve backwards."""
    header, *lines = long_csv(ROWS, by_curve=by_curve).splitlines()
    text = "\n".join([header, *reversed(lines)])
    source = read(write(tmp_path / "days.csv", text), **LONG)
    np.testing.assert_array_equal(everything(source), in_order(ROWS))
    assert (source.x_grid.tolist(), source.x_name) == ([0, 1, 2, 3], "x")


def test_curves_that_lie_across_what_is_read_at_once_are_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("curvegan.tables.delimited._BLOCK", 100)
    path = write(tmp_path / "days.csv", long_csv(ROWS))
    np.testing.assert_array_equal(everything(read(path, **LONG)), in_order(ROWS))


def test_curves_on_other_x_are_interpolated_where_all_have_x(tmp_path: Path):
    """The curve y = 2x, from -i/100 to 3, at i + 2 points, is 2x wherever it is read."""
    cells = [(f"c{i}", x, 2 * x + i) for i in range(40) for x in np.linspace(-i / 100, 3, i + 2)]
    source = read(write(tmp_path / "a.csv", csv(cells, "id,x,y")), resample=7, **LONG)
    assert source.x_grid == pytest.approx(np.linspace(0, 3, 7))
    expected = 2 * source.x_grid + np.arange(40)[:, None]
    np.testing.assert_allclose(everything(source), expected, atol=1e-5)


def test_a_wide_table_is_interpolated_too(tmp_path: Path):
    header = ",".join(map(str, range(5000)))
    lines = np.arange(40)[:, None] + np.arange(5000) * 0.5
    source = read(write(tmp_path / "a.csv", csv(lines, header)), resample=11)
    assert source.x_grid == pytest.approx(np.linspace(0, 4999, 11))
    expected = np.arange(40)[:, None] + source.x_grid * 0.5
    np.testing.assert_allclose(everything(source), expected, rtol=1e-6)


def test_an_archive_says_x_and_labels(tmp_path: Path):
    labels = np.array(["a", "b"] * 25)
    np.savez(tmp_path / "a.npz", curves=ROWS, x=np.array([1.5, 2, 4, 8]), kind=labels)
    source = read(tmp_path / "a.npz", label_column="kind")
    assert source.x_grid.tolist() == [1.5, 2, 4, 8]
    assert list(source.labels) == ["a", "b"]


def test_columns_that_are_no_points_are_left_out(tmp_path: Path):
    """A column that is named, and the index of pandas."""
    table = {str(j): ROWS[:, j] for j in range(4)}
    table |= {"station": ["a"] * 50, "__index_level_0__": range(50)}
    pa_parquet.write_table(pa.table(table), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet", id_column="station").n_points == 4


def test_name_and_units_are_the_user_s_or_the_file_s(tmp_path: Path):
    path = write(tmp_path / "load profiles.csv", csv(ROWS))
    assert (read(path).name, read(path).units) == ("load profiles", "")
    source = read(path, name="loads", units="kW")
    assert (source.name, source.units) == ("loads", "kW")


def test_a_fifth_is_held_out_and_never_a_row(tmp_path: Path):
    source = read(write(tmp_path / "a.npy", npy(curves(1000))))
    held_out, _ = source.held_out(10**9)
    assert source.n_rows + len(held_out) == 1000
    assert 160 <= len(held_out) <= 240
    training = {row.tobytes() for row in source.rows(torch.arange(source.n_rows)).numpy()}
    assert len(training) == source.n_rows
    assert not training & {row.tobytes() for row in held_out}


def test_the_seed_decides_which_are_held_out(tmp_path: Path):
    path = write(tmp_path / "a.npy", npy(curves(1000)))
    first, again, other = (read(path, seed).held_out(10**9)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    both = {row.tobytes() for row in first} & {row.tobytes() for row in other}
    assert 20 <= len(both) <= 65  # a fifth of 200, give or take


def test_which_are_held_out_does_not_depend_on_how_the_curves_come():
    at_once = Split(7).held_out(1000)
    split = Split(7)
    in_parts = np.concatenate([split.held_out(n) for n in (1, 0, 599, 400)])
    np.testing.assert_array_equal(at_once, in_parts)


def test_each_curve_is_held_out_by_itself():
    """A held-out curve's neighbours are held out as often as others."""
    held_out = Split(3).held_out(50_000)
    assert abs(held_out.mean() - 0.2) < 0.01
    assert abs((held_out[1:] & held_out[:-1]).mean() - 0.04) < 0.005


def test_every_class_has_its_share_on_both_sides(tmp_path: Path):
    """Classes in any order are numbered by size, or as words."""
    labels = ["10"] * 15 + ["9"] * 15 + ["10"] * 5 + ["x"] * 15
    rows = np.column_stack([ROWS.astype(object), labels])
    source = read(write(tmp_path / "a.csv", csv(rows, "0,1,2,3,kind")), label_column="kind")
    assert source.labels == ["9", "10", "x"]
    held_out, classes = source.held_out(100)
    training = source.classes(torch.arange(source.n_rows))
    n_training, n_held_out = torch.bincount(training).numpy(), np.bincount(classes)
    assert (n_training + n_held_out).tolist() == [15, 20, 15]
    assert n_training.all()
    assert n_held_out.all()
    kind_of = {
        row.astype(np.float32).tobytes(): label for row, label in zip(ROWS, labels, strict=True)
    }
    for row, number in zip(held_out, classes, strict=True):
        assert source.labels[number] == kind_of[row.tobytes()]
    for row, number in zip(source.rows(torch.arange(source.n_rows)).numpy(), training, strict=True):
        assert source.labels[number] == kind_of[row.tobytes()]


def test_rows_and_classes_have_the_shape_of_their_numbers(tmp_path: Path):
    source = read(write(tmp_path / "a.npy", npy(ROWS)))
    numbers = torch.tensor([[[3, 0]], [[19, 3]]])
    assert source.rows(numbers).shape == (2, 1, 2, 4)
    assert source.rows(numbers).dtype == torch.float32
    assert torch.equal(source.rows(numbers)[0, 0, 0], source.rows(numbers)[1, 0, 1])
    assert source.classes(numbers).tolist() == [[[0, 0]], [[0, 0]]]


def test_held_out_curves_come_in_a_fixed_random_order(tmp_path: Path):
    source = read(write(tmp_path / "a.npy", npy(np.sort(curves(1000), axis=0))))
    first, _ = source.held_out(50)
    np.testing.assert_array_equal(first, source.held_out(100)[0][:50])
    assert (np.diff(first[:, 0]) < 0).any()


MISSING = ROWS.copy()
MISSING[3, 0] = MISSING[4, 1] = MISSING[4, 2] = MISSING[5, 3] = np.nan
MISSING[6] = [np.nan, 1, np.inf, np.nan]


def written(folder: Path, layout: str) -> tuple[Path, dict[str, str]]:
    """The table with missing cells, and how to read it."""
    if layout == "wide":
        return write(folder / "a.csv", csv(MISSING)), {}
    return write(folder / "a.csv", long_csv(MISSING)), LONG


@pytest.mark.parametrize("resample", [None, 4])
@pytest.mark.parametrize("layout", ["wide", "long"])
def test_curves_with_missing_cells_are_dropped(tmp_path: Path, layout: str, resample: int | None):
    path, asked = written(tmp_path, layout)
    source = read(path, missing="drop", resample=resample, **asked)
    kept = np.delete(ROWS, [3, 4, 5, 6], axis=0)
    np.testing.assert_allclose(everything(source), in_order(kept), rtol=1e-6)
    assert source.contents.n_read == 50
    assert sum(source.contents.dropped.values()) == 4


@pytest.mark.parametrize("resample", [None, 4])
@pytest.mark.parametrize("layout", ["wide", "long"])
def test_missing_cells_are_interpolated_in_x(tmp_path: Path, layout: str, resample: int | None):
    path, asked = written(tmp_path, layout)
    source = read(path, missing="interpolate", resample=resample, **asked)
    whole = np.delete(ROWS, 6, axis=0)
    whole[3, 0], whole[5, 3] = whole[3, 1], whole[5, 2]
    whole[4, 1:3] = np.interp([1, 2], [0, 3], whole[4, [0, 3]])
    np.testing.assert_allclose(everything(source), in_order(whole), rtol=1e-6)
    assert source.contents.dropped == {"with fewer than 2 known cells": 1}


def test_curves_without_a_label_are_dropped_if_that_is_asked_for(tmp_path: Path):
    rows = np.column_stack([ROWS.astype(object), ["a", "b", ""] * 16 + ["a", "b"]])
    path = write(tmp_path / "a.csv", csv(rows, "0,1,2,3,kind"))
    found = contents(path, label_column="kind", missing="drop")
    assert (found.dropped, found.labels) == ({"without a label": 16}, ["a", "b"])


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".parquet"])
def test_a_label_that_is_nan_or_na_is_missing_as_a_number_is(tmp_path: Path, suffix: str):
    """But a word in quotes is one: "NA" may be Namibia."""
    path = tmp_path / f"days{suffix}"
    labels = np.array([1.0, 2.0, np.nan] * 16 + [1.0, 2.0])
    if suffix == ".csv":
        words = ["NA" if np.isnan(label) else '"NA"' if label == 1 else "b" for label in labels]
        write(path, csv(np.column_stack([ROWS.astype(object), words]), "0,1,2,3,kind"))
    elif suffix == ".npz":
        np.savez(path, ROWS, kind=labels)
    else:
        pa_parquet.write_table(pa.table({"0": ROWS[:, 0], "1": ROWS[:, 1], "kind": labels}), path)
    found = contents(path, label_column="kind", missing="drop")
    assert found.dropped == {"without a label": 16}
    assert len(found.labels) == 2


def test_what_is_odd_is_counted(tmp_path: Path):
    rows = np.concatenate([ROWS, ROWS[:3], ROWS[:1]])
    rows[:, 2] = 7
    found = contents(write(tmp_path / "a.npy", npy(rows)))
    assert (found.n_rows, found.n_read, found.n_duplicates) == (54, 54, 4)
    assert found.constant_points == [2]
    assert (found.low, found.high) == (rows.min(), rows.max())


@pytest.mark.parametrize(("level", "spread"), [(50_000, 3), (0, 1e-9), (-1e5, 1), (0, 1e25)])
def test_a_spread_that_float32_holds_survives(tmp_path: Path, level: float, spread: float):
    rows = level + spread * ROWS
    found = everything(read(write(tmp_path / "a.npy", npy(rows))))
    exact = rows[np.lexsort(rows.astype(np.float32).T[::-1])]
    assert np.abs(found - exact).max() <= spread / 100


def test_a_table_is_not_needed_once_it_was_read(tmp_path: Path):
    path = write(tmp_path / "a.npy", npy(ROWS))
    source = read(path)
    path.unlink()
    assert len(everything(source)) == 50


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, monkeypatch):
    path = write(tmp_path / "a.csv", csv(ROWS))
    monkeypatch.setattr("train.data.table.reading.Split", lambda seed: Growing(seed, path))
    assert f"{path} changed while it was read" in error_of(path)
    Growing.remove = True
    assert f"{path} went away while it was read" in error_of(path)


class Growing(Split):
    """A split, in whose time the table grows, or is removed."""

    remove = False

    def __init__(self, seed: int, path: Path) -> None:
        super().__init__(seed)
        self._path = path

    def held_out(self, classes: np.ndarray) -> np.ndarray:
        if self.remove:
            self._path.unlink()
        else:
            with self._path.open("a") as file:
                file.write("1,2,3,4\n")
        return super().held_out(classes)


@pytest.mark.parametrize("damage", ["cut", "altered", "removed"])
@pytest.mark.parametrize("name", ["training.f32", "held_out.f32"])
def test_curves_that_were_damaged_in_the_run_are_refused(tmp_path: Path, damage: str, name: str):
    folder = tmp_path / "data"
    folder.mkdir()
    read_table(DataFile(str(write(tmp_path / "a.npy", npy(ROWS)))), 1, folder)
    content = (folder / name).read_bytes()
    if damage == "removed":
        (folder / name).unlink()
    else:
        write(folder / name, content[:-1] if damage == "cut" else content[:-1] + b"!")
    with pytest.raises(CurveganError, match=f"{name}.*restore it, or start a new training"):
        TableSource(folder)
    (folder / CONTENTS).write_text("{")
    with pytest.raises(CurveganError, match=r"can't read .*table\.json.*start a new training"):
        TableSource(folder)
