"""Sets of curvegan bulk, read by pandas, polars, DuckDB and pyarrow in an environment of theirs."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from bench.environment import environment
from curvegan.engine import Engine
from tests.curvegan.generate.bulk.command import bulk
from tests.support.labelled.days import LABELS
from tests.support.tools import or_skip

FOLDER = Path(__file__).parent

# The first test waits for pip.
pytestmark = [pytest.mark.installs, pytest.mark.timeout(600)]

# Each reads the seeds, the labels and the curves of a folder; the rows come in the files' order.
READERS = {
    "pandas": """
import pandas
table = pandas.read_parquet("out", columns=["seed", "curve", "label"])
seeds, labels, curves = (list(table[name]) for name in ("seed", "label", "curve"))
""",
    "polars": """
import polars
table = polars.read_parquet("out/*.parquet")
seeds, labels, curves = (table[name].to_list() for name in ("seed", "label", "curve"))
""",
    "duckdb": """
import duckdb
rows = duckdb.sql("SELECT seed, label, curve FROM 'out/*.parquet'").fetchall()
seeds, labels, curves = zip(*rows)
""",
    "pyarrow": """
import pyarrow.dataset
table = pyarrow.dataset.dataset("out").to_table()
seeds, labels, curves = (table[name].to_pylist() for name in ("seed", "label", "curve"))
""",
}
SAVING = """
import numpy
numpy.savez("read.npz", seeds=seeds, labels=labels, curves=numpy.array(list(curves), "float32"))
"""


@pytest.fixture(scope="module")
def python() -> Path:
    with or_skip():
        return environment("readers", FOLDER / "readers.txt") / "python"


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_finds_every_curve(
    reader: str, python: Path, labelled: Path, labelled_engine: Engine, tmp_path: Path
):
    seeds = [*range(500_000, 600_000), 7_000_000]
    labels = [LABELS[2], LABELS[0]]
    names = [option for label in labels for option in ("--label", label)]
    bulk(labelled, tmp_path / "out", "--seeds", "7000000,500000-599999", *names)
    subprocess.run([python, "-c", READERS[reader] + SAVING], cwd=tmp_path, check=True)
    read = np.load(tmp_path / "read.npz")
    for label in labels:
        rows = read["labels"] == label
        assert read["seeds"][rows].tolist() == seeds
        index = np.full(len(seeds), LABELS.index(label))
        expected = labelled_engine.curves_from_seeds(np.array(seeds), index)
        assert read["curves"][rows].tobytes() == expected.tobytes()
    assert len(read["seeds"]) == 2 * len(seeds)
