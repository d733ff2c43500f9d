"""Tables that tests make, and how they are read."""

import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch

from curvegan.errors import CurveganError
from train.data.table.contents import Contents
from train.data.table.data_file import DataFile
from train.data.table.reading import read_table
from train.data.table.source import TableSource

SEED = 1


def curves(n: int = 40, n_points: int = 4) -> np.ndarray:
    """Random walks, float64 [n, n_points], with four decimals."""
    return np.random.default_rng(0).normal(size=(n, n_points)).cumsum(axis=1).round(4)


def csv(rows: object, header: str = "0,1,2,3", between: str = ",") -> str:
    """A table as text."""
    lines = [between.join(map(str, row)) for row in rows]
    return "\n".join([header, *lines]) + "\n"


def long_csv(rows: np.ndarray, ids: list[str] | None = None, by_curve: bool = True) -> str:
    """A table with a row a point: id, x, y."""
    ids = ids or [f"c{number}" for number in range(len(rows))]
    cells = [(ids[i], j, y) for (i, j), y in np.ndenumerate(rows)]
    cells.sort(key=lambda cell: ids.index(cell[0]) if by_curve else cell[1])
    return csv(cells, "id,x,y")


LONG = {"id_column": "id", "x_column": "x", "y_column": "y"}


def npy(array: np.ndarray) -> bytes:
    """The array as a .npy file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def write(path: Path, content: str | bytes) -> Path:
    """Writes a file and returns its path."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path: Path, seed: int = SEED, **asked: object) -> TableSource:
    """The table at `path` as a source of curves."""
    folder = Path(tempfile.mkdtemp(dir=path.parent))
    read_table(DataFile(str(path), **asked), seed, folder)
    return TableSource(folder)


def contents(path: Path, **asked: object) -> Contents:
    """What is known of the table at `path`."""
    return read(path, **asked).contents


def error_of(path: Path, **asked: object) -> str:
    """The one line that says why a table can't be learnt."""
    with pytest.raises(CurveganError) as caught:
        read(path, **asked)
    line = str(caught.value)
    assert "\n" not in line
    return line


def everything(source: TableSource) -> np.ndarray:
    """All curves, training and held-out ones, in order of their first point."""
    training = source.rows(torch.arange(source.n_rows)).numpy()
    held_out, _ = source.held_out(10**9)
    both = np.concatenate([training, held_out])
    return both[np.lexsort(both.T[::-1])]
