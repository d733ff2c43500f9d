"""What x is: numbers, dates and times, in a header, a file, an archive or a column."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest

from tests.train.data.tables import (
    LONG,
    csv,
    curves,
    read,
    write,
)

ROWS = curves(50)


X = {
    "numbers": ("-1,0.5,2,1e3", [-1, 0.5, 2, 1000], "x", []),
    "words": ("a,b,c,d", [0, 1, 2, 3], "x", ["a", "b", "c", "d"]),
    "spans of years": (
        "2019-20,2020-21,2021-22,2022-23",
        [0, 1, 2, 3],
        "x",
        ["2019-20", "2020-21", "2021-22", "2022-23"],
    ),
    "days": (
        "2030-01-31,2030-02-01,2030-02-03,2030-03-01",
        [0, 1, 3, 29],
        "days since 2030-01-31",
        ["2030-01-31", "2030-02-01", "2030-02-03", "2030-03-01"],
    ),
    "hours": (
        "2030-01-31 22:00,2030-01-31 23:30,2030-02-01 00:00,2030-02-01 01:00",
        [0, 1.5, 2, 3],
        "hours since 2030-01-31 22:00",
        ["2030-01-31 22:00", "2030-01-31 23:30", "2030-02-01 00:00", "2030-02-01 01:00"],
    ),
    "times": (
        "00:30,01:00,01:30,23:00",
        [0.5, 1, 1.5, 23],
        "hour",
        ["00:30", "01:00", "01:30", "23:00"],
    ),
    "seconds": (
        "08:00:00,08:00:01,08:00:02,08:00:05",
        [28800, 28801, 28802, 28805],
        "second",
        ["08:00:00", "08:00:01", "08:00:02", "08:00:05"],
    ),
    "the end of a day": (
        "00:15,12:00,23:45,24:00",
        [0.25, 12, 23.75, 24],
        "hour",
        ["00:15", "12:00", "23:45", "24:00"],
    ),
}


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        (kind, place)
        for kind in X
        for place in ("header", "file", "column")
        if place == "header" or kind not in ("words", "spans of years")
    ],
)
def test_x_is_what_the_header_a_file_or_a_column_says(tmp_path: Path, kind: str, place: str):
    text, values, name, point_names = X[kind]
    texts = text.split(",")
    if place == "header":
        source = read(write(tmp_path / "a.csv", csv(ROWS, text)))
    elif place == "file":
        x = write(tmp_path / "x.txt", "\n".join(texts))
        source = read(write(tmp_path / "a.csv", csv(ROWS, "a,b,c,d")), x=str(x))
    else:
        cells = [(f"c{i}", texts[j], y) for (i, j), y in np.ndenumerate(ROWS)]
        source = read(write(tmp_path / "a.csv", csv(cells, "id,x,y")), **LONG)
        point_names = [words.replace(" ", "T") for words in point_names]
        name = name.replace(" 22", "T22")
    assert source.x_grid.tolist() == values
    assert (source.x_name, list(source.point_names)) == (name, point_names)


@pytest.mark.parametrize("form", ["date32", "timestamp", "zoned", "text", "categories"])
def test_a_column_of_dates_is_read_whatever_its_type(tmp_path: Path, form: str):
    days = np.arange("2030-01-30", "2030-02-03", dtype="datetime64[D]")
    x = {
        "date32": pa.array(days),
        "timestamp": pa.array(days.astype("datetime64[ns]")),
        "zoned": pa.array(days.astype("datetime64[ms]")).cast(pa.timestamp("ms", "UTC")),
        "text": pa.array(days.astype(str).tolist()),
        "categories": pa.array(days.astype(str).tolist()).dictionary_encode(),
    }[form]
    table = {
        "id": [f"c{i}" for i in range(50) for _ in range(4)],
        "x": pa.concat_arrays([x] * 50),
        "y": ROWS.ravel(),
    }
    pa_parquet.write_table(pa.table(table), tmp_path / "a.parquet")
    source = read(tmp_path / "a.parquet", **LONG)
    assert source.x_grid.tolist() == [0, 1, 2, 3]
    assert source.x_name == "days since 2030-01-30"
    assert source.point_names == ["2030-01-30", "2030-01-31", "2030-02-01", "2030-02-02"]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("kind", [pa.timestamp, pa.time64])
def test_a_column_of_moments_is_read_in_any_unit(tmp_path: Path, unit: str, kind):
    """pandas writes nanoseconds."""
    if kind is pa.time64 and unit in ("s", "ms"):
        kind = pa.time32
    x = pa.array([1, 2, 3, 3001] * 40, kind(unit))
    table = {"id": np.repeat(np.arange(40), 4), "x": x, "y": ROWS[:40].ravel()}
    pa_parquet.write_table(pa.table(table), tmp_path / "a.parquet", version="2.6")
    found = np.array(read(tmp_path / "a.parquet", **LONG).x_grid)
    expected = np.array([1, 2, 3, 3001]) / {"s": 1, "ms": 1e3, "us": 1e6, "ns": 1e9}[unit]
    steps = np.diff(found) / (found[1] - found[0])  # In days, hours or seconds.
    np.testing.assert_allclose(steps, np.diff(expected) / (expected[1] - expected[0]))


DATES = np.array(["2030-01-30", "2030-01-31", "2030-02-01", "2030-02-03"])


@pytest.mark.parametrize("dtype", ["M8[ns]", "M8[s]", "M8[D]", "S10", "U10"])
@pytest.mark.parametrize("place", ["an archive", "a file of x", "a column"])
def test_an_array_of_dates_is_read_whatever_its_type(tmp_path: Path, dtype: str, place: str):
    x, names = DATES.astype(dtype), DATES.tolist()
    if place == "an archive":
        np.savez(tmp_path / "a.npz", ROWS, x=x)
        source = read(tmp_path / "a.npz")
    elif place == "a file of x":
        np.save(tmp_path / "x.npy", x)
        path = write(tmp_path / "a.csv", csv(ROWS, "a,b,c,d"))
        source = read(path, x=str(tmp_path / "x.npy"))
    else:
        rows = np.column_stack([np.repeat(np.arange(50), 4), ROWS.ravel()])
        np.savez(tmp_path / "a.npz", rows, x=["id", "y"], x_of_each=np.tile(x, 50))
        source = read(tmp_path / "a.npz", id_column="id", x_column="x_of_each", y_column="y")
    assert source.x_grid.tolist() == [0, 1, 2, 4]
    assert (source.x_name, source.point_names) == ("days since 2030-01-30", names)


def test_a_column_is_not_what_its_first_rows_look_like(tmp_path: Path, monkeypatch):
    """Dates alone in the first part that is read, and times of the day after them."""
    monkeypatch.setattr("curvegan.tables.delimited._BLOCK", 200)
    plain, full = ("2030-01-01", "2030-01-02"), ("2030-01-01 00:00", "2030-01-02 00:00")
    cells = [(i, x, i + j) for i in range(40) for j, x in enumerate(plain if i < 20 else full)]
    source = read(write(tmp_path / "a.csv", csv(cells, "id,x,y")), **LONG)
    assert source.x_grid.tolist() == [0, 1]
