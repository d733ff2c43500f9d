"""Tables from which nothing can be learnt, or not without a decision: one line names the place."""

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest

from tests.train.data.tables import LONG, csv, curves, error_of, long_csv, write

ROWS = curves().astype(object)


def with_cell(cell: object, row: int = 6, column: int = 2) -> np.ndarray:
    """The rows, of which one has another cell; the row counts from 0."""
    rows = ROWS.copy()
    rows[row, column] = cell
    return rows


def labelled(labels: list[str]) -> str:
    return csv(np.column_stack([ROWS, labels]), "0,1,2,3,kind")


CELLS = {
    "text": ("x y", "'x y' is not a number; correct it, leave it empty if it is missing"),
    "decimal comma": ('"1,5"', "'1,5' is not a number; write numbers as 1234.5, without decimal"),
    "thousands": ('"1,234.5"', "'1,234.5' is not a number; write numbers as 1234.5"),
    "apostrophe": ("1'234", "is not a number; write numbers as 1234.5"),
    "underscore": ("1_234", "'1_234' is not a number; correct it"),
    "missing": ("", "the number is missing, correct it or give --missing drop or --missing inter"),
    "nan": ("nan", "the number is missing, correct it"),
    "NA": ("NA", "the number is missing, correct it"),
    "infinite": ("-inf", "the number is infinite, correct it"),
    "overflow": ("1e999", "the number is infinite, correct it"),
    "too large": ("1e31", "1e+31 is beyond 1e+30, give the numbers in larger units"),
}


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_a_cell_that_is_no_number_is_named_with_row_line_and_column(
    tmp_path: Path, cell: str, suffix: str
):
    """The empty line before it counts as a line, but not as a row."""
    text, expected = CELLS[cell]
    between = {".csv": ",", ".tsv": "\t"}[suffix]
    header, *lines = csv(with_cell(text), between.join("0123"), between).splitlines(True)
    path = write(tmp_path / f"days{suffix}", "".join([header, lines[0], "\n", *lines[1:]]))
    line = error_of(path)
    assert line.startswith(f"{path}, row 7 (line 9), column '2': ")
    assert expected in line


@pytest.mark.parametrize("cell", ["missing", "infinite", "text", "thousands"])
def test_a_cell_of_a_long_table_is_named_with_its_curve(tmp_path: Path, cell: str):
    text, expected = CELLS[cell]
    path = write(tmp_path / "days.csv", long_csv(with_cell(text)))
    line = error_of(path, **LONG)
    assert line.startswith(f"{path}, row 27 (line 28), column 'y'")
    assert expected in line
    assert ("(curve 'c6')" in line) == (cell in ("missing", "infinite"))


@pytest.mark.parametrize("number", [np.nan, np.inf])
@pytest.mark.parametrize("suffix", [".npy", ".npz", ".parquet"])
def test_a_cell_of_a_file_without_lines_is_named_with_row_and_column(
    tmp_path: Path, number: float, suffix: str
):
    path, rows = tmp_path / f"days{suffix}", with_cell(number).astype(float)
    if suffix == ".parquet":
        table = {str(j): rows[:, j] for j in range(4)}
        pa_parquet.write_table(pa.table(table), path)
    else:
        (np.savez if suffix == ".npz" else np.save)(path, rows)
    assert error_of(path).startswith(f"{path}, row 7, column '2': the number is ")


WIDE = {
    "ragged": (
        csv(ROWS) + "1,2,3\n",
        "row 41 (line 42) has 3 cells and the header has 4: complete",
    ),
    "too long": (csv(ROWS) + "1,2,3,4,5\n", "row 41 (line 42) has 5 cells and the header has 4"),
    "cut": (csv(ROWS)[:-3].rpartition(",")[0], "row 40 (line 41) has 3 cells and the header has 4"),
    "open quote": (csv(ROWS) + '1,2,"3,4\n', "row 41"),
    "equal": (csv([ROWS[0]] * 40), "all 40 curves are equal, so there is nothing to learn"),
    "too few": (csv(ROWS[:31]), "31 curves are left, where 32 to 2147483648 are needed"),
    "header only": (csv([]), "0 curves are left, where 32 to"),
    "header without a line's end": ("0,1,2,3", "is a header alone: give rows below it"),
    "header that float64 can't hold": (
        csv(ROWS, "-1.7e308,0,1,1.7e308"),
        "column '1.7e308' of the header: x goes from -1.7e+308 to 1.7e+308, which float64 can't",
    ),
    "a name of a line's end": (
        csv(ROWS, '"a\nb",b,c,d'),
        "the name of a column is 'a\\nb': give at",
    ),
    "an endless name": (csv(ROWS, "a" * 101 + ",b,c,d"), "give at most 100 printable characters"),
    "header falls": (csv(ROWS, "0,1,3,2"), "column '2' of the header: x is 2 after 3, and it must"),
    "header repeats": (csv(ROWS, "0,1,1.0,2"), "column '1.0' of the header: x is 1 after 1"),
    "no header": ("\n".join(csv(ROWS).splitlines()[1:]), "add a header if the file begins with a"),
    "infinite header": (csv(ROWS, "0,1,2,inf"), "column 'inf' of the header: x is not a finite"),
    "two of a name": (
        csv(ROWS, "0,1,2,2"),
        "has two columns '2': give each a name of its own, or add a header if there is none",
    ),
    "no name": (csv(ROWS, ",a,b,c"), "column 1 has no name: give it one, or leave it out if it is"),
    "an index": (csv(ROWS, "day,0,1,2"), "column 'day' stands among columns whose names say x"),
    "one column": (csv(ROWS[:, :1], "0"), "has 1 columns of points: a curve needs at least 2"),
    "wide": (
        csv(np.zeros((2, 4097)), ",".join(map(str, range(4097)))),
        "has 4097 columns of points: at most 4096; --resample N interpolates at fewer",
    ),
    "semicolons": (csv(ROWS, "0;1;2;3", ";"), "separates its columns by semicolons"),
    "tabs": (csv(ROWS, "0\t1\t2\t3", "\t"), "separates its columns by tabs: commas belong into"),
    "flat": (
        csv(1e9 + ROWS.astype(float)),
        "point x = 0: a spread of 0.87 around 1e+09 is too little for float32, in which curves are",
    ),
    "tiny": (csv(1e-36 * ROWS.astype(float)), "is too little for float32"),
    "empty": ("", "is empty: give a file with a table"),
    "empty lines": ("\n\n", "has 1 columns of points"),
    "gzip": (gzip.compress(csv(ROWS).encode()), "is gzip, not what .csv says: unpack it first"),
    "UTF-16": (csv(ROWS).encode("utf-16"), "is UTF-16 text, not what .csv says: save it as UTF-8"),
    "latin-1": (csv(ROWS, "0,1,2,ü").encode("latin-1"), ", line 1 is not UTF-8: save the file as"),
    "latin-1 later": (
        csv(with_cell("ü")).encode("latin-1"),
        ", line 8 is not UTF-8: save the file",
    ),
    "a picture": (
        b"\xff\xd8\xff\xe0\0\x10JFIF",
        "is not text, though its name ends in .csv: export the",
    ),
    "Parquet": (b"PAR1" + bytes(9), "is Parquet, not what .csv says: let its name end in .parquet"),
    "a sheet": (b"PK\x03\x04" + bytes(9), "is a zip archive, not what .csv says: save a sheet as"),
}


@pytest.mark.parametrize("kind", WIDE)
def test_a_table_that_is_no_table_of_curves_is_one_line(tmp_path: Path, kind: str):
    content, expected = WIDE[kind]
    path = write(tmp_path / "days.csv", content)
    line = error_of(path)
    assert str(path) in line
    assert expected in line


LONG_TABLES = {
    "other x": (
        long_csv(ROWS).replace("c7,3,", "c7,3.5,"),
        "row 29 (line 30): the curve 'c7' has other x than the curve 'c0' (x 3.5, not 3); --res",
    ),
    "fewer points": (
        "\n".join(line for line in long_csv(ROWS).splitlines() if not line.startswith("c7,3,")),
        "the curve 'c7' has other x than the curve 'c0' (3 points, not 4)",
    ),
    "x twice": (
        long_csv(ROWS).replace("c7,3,", "c7,2,"),
        "the curve 'c7' has another y at the same",
    ),
    "no x": (
        long_csv(ROWS).replace("c7,3,", "c7,,"),
        "row 32 (line 33), column 'x': the cell is mis",
    ),
    "no id": (long_csv(ROWS).replace("c7,3,", ",3,"), "row 32 (line 33), column 'id': the cell is"),
    "x of words": (long_csv(ROWS).replace(",3,", ",late,"), "column 'x' holds string such as '0'"),
    "a curve a row": (long_csv(ROWS[:, :1]), "the curve 'c0' has 1 points, where 2 to 4096 are"),
    "no rows": ("id,x,y\n", "the curve that is first has 0 points"),
    "no column": (
        long_csv(ROWS).replace("id,x,y", "id,x,z"),
        "has no column 'y': it has 'id', 'x'",
    ),
}


@pytest.mark.parametrize("kind", LONG_TABLES)
def test_a_long_table_that_holds_no_curves_is_one_line(tmp_path: Path, kind: str):
    content, expected = LONG_TABLES[kind]
    path = write(tmp_path / "days.csv", content)
    line = error_of(path, **LONG)
    assert str(path) in line
    assert expected in line


def test_curves_without_an_x_in_common_can_t_be_interpolated(tmp_path: Path):
    text = long_csv(ROWS)
    for point in range(4):
        text = text.replace(f"c7,{point},", f"c7,{point + 10},")
    line = error_of(write(tmp_path / "days.csv", text), resample=5, **LONG)
    assert "the curve 'c0' ends where 'c7' has not begun, so that they have no x in common" in line


LABELS = {
    "no such column": (csv(ROWS), "has no column 'kind': it has '0', '1', '2', '3'"),
    "one row": (labelled(["a", *["b"] * 39]), "the label 'a' has 1 curve, and 10 are needed"),
    "four rows": (
        labelled([*"aaaa", *["b"] * 36]),
        "the label 'a' has 4 curves, and 10 are needed",
    ),
    "one label": (labelled(["a"] * 40), "all curves have the label 'a': leave out --label-column"),
    "missing": (
        labelled([*"abab", "", *["a"] * 35]),
        "row 5 (line 6), column 'kind': the label is",
    ),
    "not printable": (
        labelled(["a\x07", *["b"] * 39]),
        "the label 'a\\x07' is too long or not pri",
    ),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_that_can_t_be_learnt_are_one_line(tmp_path: Path, kind: str):
    content, expected = LABELS[kind]
    path = write(tmp_path / "days.csv", content)
    line = error_of(path, label_column="kind")
    assert str(path) in line
    assert expected in line


def test_more_than_a_thousand_labels_are_hardly_classes(tmp_path: Path):
    rows = [[*row, number] for number, row in enumerate(curves(1001))]
    path = write(tmp_path / "days.csv", csv(rows, "0,1,2,3,kind"))
    line = error_of(path, label_column="kind")
    assert "row 1001 (line 1002), column 'kind': '1000' is one label more than 1000" in line


def test_a_curve_with_two_labels_is_named(tmp_path: Path):
    rows = [[f"c{i}", j, y, "a" if i % 2 else "b"] for (i, j), y in np.ndenumerate(ROWS)]
    rows[30][3] = "b"
    path = write(tmp_path / "days.csv", csv(rows, "id,x,y,kind"))
    line = error_of(path, label_column="kind", **LONG)
    assert "row 31 (line 32), column 'kind': the curve has another label in the row before" in line


X_FILES = {
    "too few": ("1\n2\n3\n", "holds 3 values of x: give 4, one for each point of a curve"),
    "words": ("one\ntwo\n", "holds something else than values of x: give a number or a date"),
    "empty": ("", "holds 0 values of x"),
    "falls": ("1,2,4,3", "value 4: x is 3 after 4, and it must increase: put the points in order"),
    "nan": ("1,2,nan,3", "value 3: x is not a finite number"),
    "latin-1": ("1\nü\n".encode("latin-1"), "can't read x from"),
    "endless": (
        "-1.7e308,0,1,1.7e308",
        "value 4: x goes from -1.7e+308 to 1.7e+308, which float64",
    ),
}


@pytest.mark.parametrize("kind", X_FILES)
def test_a_file_of_something_else_than_x_is_one_line(tmp_path: Path, kind: str):
    content, expected = X_FILES[kind]
    table = write(tmp_path / "days.csv", csv(ROWS, "a,b,c,d"))
    x = write(tmp_path / "hours.txt", content)
    line = error_of(table, x=str(x))
    assert str(x) in line
    assert expected in line
    assert "No such file" in error_of(table, x=str(tmp_path / "nothing.txt"))


def test_an_array_of_something_else_than_x_is_one_line(tmp_path: Path):
    table, x = write(tmp_path / "days.csv", csv(ROWS, "a,b,c,d")), tmp_path / "x.npy"
    for array in (np.arange(4) * 1j, np.arange(4, dtype="m8[s]"), np.arange(4) > 1):
        np.save(x, array)
        line = error_of(table, x=str(x))
        assert str(x) in line
        assert f"it holds {array.dtype}" in line or "something else than values of x" in line
    with x.open("wb") as file:
        np.savez(file, np.arange(4))
    assert "it is a .npz archive: save x alone with numpy.save" in error_of(table, x=str(x))


@pytest.mark.parametrize("long", [True, False])
def test_x_too_near_to_be_resampled_is_one_line(tmp_path: Path, long: bool):
    path, near = tmp_path / "days.csv", "1.0000000000000002"
    if long:
        cells = [(i, x, i) for i in range(40) for x in ("1", near)]
        line = error_of(write(path, csv(cells, "id,x,y")), resample=5, **LONG)
    else:
        line = error_of(write(path, csv(ROWS[:, :2], f"1,{near}")), resample=5)
    assert f"{path}, resampled, point 2: x is 1 after 1, and it must increase" in line


ASKED = {
    "resample": ({"resample": 1}, "resample is 1: give 2 to 4096 points"),
    "half": ({"x_column": "a"}, "needs all of --id-column, --x-column and --y-column"),
    "no id": ({"x_column": "a", "y_column": "b"}, "needs all of --id-column, --x-column and"),
    "x and column": (LONG | {"x": "f"}, "--x is for a table with a row a curve"),
    "same column": (LONG | {"label_column": "y"}, "two options name the same column"),
    "column": ({"label_column": "a\x1b"}, "the name of a column is 'a\\x1b': give at most 100"),
    "units": ({"units": "k\nW"}, "units is 'k\\nW': give at most 100 printable characters"),
    "name": ({"name": "n" * 101}, "give at most 100 printable characters"),
}


@pytest.mark.parametrize("kind", ASKED)
def test_options_that_do_not_go_together_are_one_line(tmp_path: Path, kind: str):
    asked, expected = ASKED[kind]
    assert expected in error_of(tmp_path / "days.csv", **asked)
