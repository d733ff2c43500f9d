"""curvegan bulk: what a set holds, and that it is the same however it was made."""

import itertools
import json
import resource
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curvegan.engine import Engine
from curvegan.files import locked
from curvegan.generate.bulk.curve_set import CurveSet
from curvegan.generate.seed_text import format_seeds, merged, parse_seeds
from curvegan.repository.repository import Repository
from tests.curvegan.generate.bulk.command import SCATTERED, bulk, files
from tests.project.test_elsewhere import run_elsewhere
from tests.support.commands import error_line, try_command
from tests.support.labelled.days import LABELS, POINT_NAMES, X_GRID


def table_of(out: Path) -> pa.Table:
    """Returns all rows of a set of Parquet files, as pyarrow reads the folder."""
    return pa.dataset.dataset(out).to_table()


def curves_of(table: pa.Table) -> np.ndarray:
    column = table["curve"].combine_chunks()
    return column.flatten().to_numpy().reshape(len(column), -1)


@pytest.fixture(scope="module")
def three_parts(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The set of the seeds -2 to 1,048,576, made by one worker."""
    out = tmp_path_factory.mktemp("bulk") / "out"
    printed = bulk(published, out, "--seeds", "-2-1048576", "--workers", "1")
    assert printed == f"{out} holds 1048579 curves of model version 1\n"
    return out


def test_a_set_holds_the_engine_s_curves_of_every_seed_in_order(three_parts: Path, engine: Engine):
    table = table_of(three_parts)
    assert table.column_names == ["seed", "curve"]
    assert table.schema.field("curve").type == pa.list_(
        pa.field("element", pa.float32(), nullable=False), 15
    )
    seeds = np.arange(-2, 1_048_577)
    assert table["seed"].to_numpy().tobytes() == seeds.tobytes()
    assert curves_of(table).tobytes() == engine.curves_from_seeds(seeds).tobytes()


def test_parts_are_cut_at_aligned_seeds_and_named_by_them(three_parts: Path):
    assert sorted(files(three_parts)) == [
        "_set.json",
        "seeds_-000002_-000001.parquet",
        "seeds_0000000_1048575.parquet",
        "seeds_1048576_1048576.parquet",
    ]


def test_several_workers_write_the_same_bytes_as_one(
    three_parts: Path, published: Path, tmp_path: Path
):
    bulk(published, tmp_path / "out", "--seeds", "-2-1048576", "--workers", "3")
    assert files(tmp_path / "out") == files(three_parts)


def test_every_file_says_what_made_it(three_parts: Path, repository: Repository):
    model = repository.load(1)
    said = [
        json.loads(pq.read_schema(path).metadata[b"curvegan"])
        for path in three_parts.glob("*.parquet")
    ]
    assert said == 3 * [json.loads((three_parts / "_set.json").read_text())]
    assert said[0] == {
        "format": 1,
        "model_version": 1,
        "manifest_sha256": model.sampler_manifest.self_sha256,
        "seeds": "-2-1048576",
        "labels": {},
        "file_format": "parquet",
        "seeds_per_part": 2**20,
        "family": "quadratics",
        "x_grid": model.description.x_grid,
        "x_name": "x",
        "point_names": [],
        "units": "",
    }


def test_npy_files_hold_the_curves_alone(published: Path, engine: Engine, tmp_path: Path):
    bulk(published, tmp_path / "out", "--seeds", "7-9,-5--4,8", "--format", "npy")
    for seeds in ([-5, -4], [7, 8, 9]):
        path = tmp_path / "out" / f"seeds_{seeds[0]}_{seeds[-1]}.npy"
        assert np.load(path).tobytes() == engine.curves_from_seeds(np.array(seeds)).tobytes()
    assert len(files(tmp_path / "out")) == 3


@pytest.mark.parametrize("format", ["parquet", "npy"])
def test_a_labelled_model_makes_a_file_for_each_label(
    labelled: Path, labelled_engine: Engine, tmp_path: Path, format: str
):
    labels = ("--label", LABELS[2], "--label", "0", "--label", "2")
    out = tmp_path / "out"
    printed = bulk(labelled, out, "--seeds", "0-99", "--format", format, *labels)
    assert "holds 200 curves" in printed
    for index in (0, 2):
        expected = labelled_engine.curves_from_seeds(np.arange(100), np.full(100, index))
        path = out / f"seeds_00_99_label_{index}.{format}"
        if format == "npy":
            curves = np.load(path)
        else:
            table = pq.read_table(path)
            assert table["label"].to_pylist() == 100 * [LABELS[index]]
            curves = curves_of(table)
        assert curves.tobytes() == expected.tobytes()
    said = json.loads((out / "_set.json").read_text())
    assert said["labels"] == {LABELS[2]: 2, LABELS[0]: 0}
    assert (said["units"], said["x_name"]) == ("kW", "hour")
    assert (said["point_names"], said["x_grid"]) == (POINT_NAMES, X_GRID)


def test_the_ends_of_int64_are_seeds(published: Path, engine: Engine, tmp_path: Path):
    ends = "-9223372036854775808,9223372036854775807"
    bulk(published, tmp_path / "out", "--seeds", ends)
    table = table_of(tmp_path / "out").sort_by("seed")
    seeds = np.array([-(2**63), 2**63 - 1])
    assert table["seed"].to_numpy().tolist() == seeds.tolist()
    assert curves_of(table).tobytes() == engine.curves_from_seeds(seeds).tobytes()


ranges = st.builds(
    lambda first, n: range(first, first + n),
    st.integers(-300, 300) | st.integers(-(2**63), 2**63 - 200),
    st.integers(1, 150),
)


@given(st.lists(ranges, min_size=1, max_size=6), st.integers(0, 6))
def test_parts_hold_every_seed_once_within_aligned_bounds(
    repository: Repository, asked: list[range], size: int
):
    text = format_seeds(asked)
    assert parse_seeds(text) == tuple(asked)
    curve_set = replace(
        CurveSet.of(repository.load(1), text, (), "parquet"), seeds_per_part=1 << size
    )
    parts = list(curve_set.parts())
    seeds = [seed for part in parts for seed in part.seeds]
    assert seeds == sorted({seed for part in asked for seed in part})
    assert curve_set.n_rows == len(seeds)
    assert all(part.seeds[0] >> size == part.seeds[-1] >> size for part in parts)
    assert len({curve_set.file_name(part) for part in parts}) == len(parts)


def test_a_second_run_makes_only_what_is_missing(published: Path, tmp_path: Path):
    out = tmp_path / "out"
    bulk(published, out, "--seeds", SCATTERED)
    made = files(out)
    written = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    (out / "seeds_0000000_0049999.parquet").unlink()
    cut_off = out / "seeds_0100000_0149999.parquet"
    cut_off.write_bytes(cut_off.read_bytes()[:-100])
    assert "of which 500000 were there" in bulk(published, out, "--seeds", SCATTERED)
    assert files(out) == made
    again = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    new = {name for name in written if again[name] != written[name]} - {".lock"}
    assert new == {"seeds_0000000_0049999.parquet", "seeds_0100000_0149999.parquet"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--seeds", "0-8"], "seeds 0-9, not 0-8"),
        (["--seeds", "0-9", "--format", "npy"], "file format parquet, not npy"),
    ],
)
def test_a_folder_keeps_to_one_set(published: Path, tmp_path: Path, arguments, expected):
    bulk(published, tmp_path / "out", "--seeds", "0-9")
    before = files(tmp_path / "out")
    command = ("bulk", "--models", str(published), "--out", "out", *arguments)
    line = error_line(try_command("curvegan", *command, cwd=tmp_path))
    assert line.startswith(f"error: out holds another set of curves ({expected}): ask ")
    assert files(tmp_path / "out") == before


def test_the_same_set_asked_for_or_written_otherwise_is_the_same(labelled: Path, tmp_path: Path):
    out = tmp_path / "out"
    bulk(labelled, out, "--seeds", "0-9", "--label", "0", "--label", "1")
    made = files(out)
    (out / "_set.json").write_text(json.dumps(json.loads(made["_set.json"])))
    (out / "seeds_0_9_label_1.parquet").unlink()
    bulk(labelled, out, "--seeds", "9,0-8", "--label", LABELS[1], "--label", LABELS[0])
    assert files(out) | {"_set.json": made["_set.json"]} == made


def test_models_are_not_mixed(published: Path, labelled: Path, tmp_path: Path):
    bulk(published, tmp_path / "out", "--seeds", "0-9")
    command = ("bulk", "--models", str(labelled), "--label", "0", "--seeds", "0-9", "--out", "out")
    line = error_line(try_command("curvegan", *command, cwd=tmp_path))
    assert "out holds another set of curves (manifest sha256 " in line


def test_a_folder_of_something_else_is_left_alone(published: Path, tmp_path: Path):
    (tmp_path / "out").mkdir()
    theirs = {"letter.txt": b"Dear", ".part-2.rar": b"hidden"}
    for name, content in theirs.items():
        (tmp_path / "out" / name).write_bytes(content)
    command = ("bulk", "--models", str(published), "--seeds", "0-9", "--out", "out")
    line = error_line(try_command("curvegan", *command, cwd=tmp_path))
    assert "out holds files of something else, such as 'letter.txt': give an empty folder" in line
    assert files(tmp_path / "out") == theirs


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--seeds", "6x"], "'6x' is neither a seed nor a range"),
        (["--seeds", "9223372036854775808"], "is not a 64-bit integer"),
        (["--seeds", "9-0"], "write the seeds 0-9 rather than 9-0"),
        (["--seeds", "1", "--model-version", "9"], "models has no version 9, only 1"),
        (["--seeds", "1", "--models", "nothing"], "no model in nothing"),
        (["--seeds", "1", "--label", "0"], "makes curves without labels"),
        (["--seeds", "1", "--format", "csv"], "--format"),
        (["--seeds", "1", "--workers", "0"], "--workers"),
        (["--seeds", "1", "--out", "models/sampler/config.pbtxt"], "can't write models/sampler/"),
        (["--seeds", "1", "--out", "/proc/nobody/out"], "can't write /proc/nobody/out: No such"),
        (["--seeds", "1", "--out", "nope://x/y"], "can't reach nope://x/y: Unrecognized"),
        ([], "give --seeds and --out, or --check OUT"),
        (["--seeds", "1", "--check", "out"], "goes with --models, --workers and --ray alone"),
    ],
)
@pytest.mark.usefixtures("models")
def test_wrong_input_is_one_line_and_leaves_nothing(
    tmp_path: Path, arguments: list[str], expected: str
):
    if "--out" not in arguments:
        arguments = [*arguments, "--out", "out"]
    assert expected in error_line(try_command("curvegan", "bulk", *arguments, cwd=tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["models"]


def test_a_full_disk_keeps_what_is_finished(published: Path, tmp_path: Path):
    """The kernel refuses to let a file grow past a limit, as a full disk does."""
    seeds = "0-9,100000-199999"
    limit = 100_000
    done = subprocess.run(
        [sys.executable, "-m", "curvegan", "bulk", "--models", published, "--seeds", seeds,
         "--out", "out", "--workers", "1"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    assert error_line(done) == (
        "error: can't write seeds_100000_199999.parquet in out: File too large; 10 of 100010 "
        "curves are in out, and the same command makes the others"
    )
    assert sorted(files(tmp_path / "out")) == ["_set.json", "seeds_000000_000009.parquet"]
    bulk(published, tmp_path / "out", "--seeds", seeds)
    assert len(table_of(tmp_path / "out")) == 100_010


def test_two_commands_do_not_write_one_folder(published: Path, tmp_path: Path):
    bulk(published, tmp_path / "out", "--seeds", "0-9")
    with locked(tmp_path / "out" / ".lock", wait=False):
        command = ("bulk", "--models", str(published), "--seeds", "0-9", "--out", "out")
        line = error_line(try_command("curvegan", *command, cwd=tmp_path))
    assert line == "error: out is written by another process: wait until it ends"


def test_without_pyarrow_it_says_what_to_install(tmp_path: Path):
    arguments = ("-m", "curvegan", "bulk", "--seeds", "1", "--out", "out")
    done = run_elsewhere(*arguments, cwd=tmp_path, without=["pyarrow"])
    assert error_line(done).endswith(": pip install 'curvegan[serve,data]'")


def test_it_needs_not_linux(published: Path, engine: Engine, tmp_path: Path):
    shutil.copytree(published, tmp_path / "models")
    arguments = ("-m", "curvegan", "bulk", "--seeds", "0-63", "--out", "out")
    done = run_elsewhere(*arguments, cwd=tmp_path, pretend="darwin")
    assert done.stderr == ""
    expected = engine.curves_from_seeds(np.arange(64))
    assert curves_of(table_of(tmp_path / "out")).tobytes() == expected.tobytes()


def test_it_says_that_it_does_not_run_on_windows(tmp_path: Path):
    done = run_elsewhere("-m", "curvegan", "bulk", cwd=tmp_path, pretend="win32")
    assert "error: curvegan bulk needs Linux or macOS, and this is Windows" in error_line(done)


@given(st.lists(ranges, max_size=6))
def test_merged_ranges_hold_the_same_seeds_once(asked: list[range]):
    joined = merged(asked)
    seeds = [seed for part in joined for seed in part]
    assert seeds == sorted({seed for part in asked for seed in part})
    assert all(before.stop < after.start for before, after in itertools.pairwise(joined))
