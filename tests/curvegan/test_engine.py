"""The engine: any number of rows, in their order, the same bytes in every batch."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curvegan.engine import ROWS_PER_RUN, Engine
from curvegan.errors import RepositoryError
from curvegan.repository.description import Description, default_inputs
from curvegan.repository.repository import Repository

SEEDS = st.integers(-(2**63), 2**63 - 1)


@pytest.mark.parametrize(
    "n", [0, 1, 2, ROWS_PER_RUN - 1, ROWS_PER_RUN, ROWS_PER_RUN + 1, 3 * ROWS_PER_RUN + 7]
)
def test_rows_come_in_the_order_of_the_seeds(engine: Engine, n: int):
    seeds = np.random.default_rng(n).integers(-(2**63), 2**63, n, np.int64)
    curves = engine.curves_from_seeds(seeds)
    assert curves.shape == (n, 15)
    assert curves.dtype == np.float32
    for row in np.linspace(0, n - 1, 20, dtype=int) if n else []:
        assert (engine.curves_from_seeds(seeds[row : row + 1]) == curves[row]).all()


@settings(max_examples=50)
@given(seeds=st.lists(SEEDS, min_size=1, max_size=50), data=st.data())
def test_a_seed_has_the_same_bytes_wherever_it_stands(engine: Engine, seeds, data):
    order = data.draw(st.lists(st.sampled_from(range(len(seeds))), min_size=1, max_size=60))
    values = np.array(seeds, np.int64)
    curves = engine.curves_from_seeds(values)
    assert engine.curves_from_seeds(values[order]).tobytes() == curves[order].tobytes()


def test_a_batch_that_is_cut_gives_the_bytes_of_one_that_is_not(engine: Engine):
    seeds = np.arange(2 * ROWS_PER_RUN + 100)
    parts = [engine.curves_from_seeds(seeds[i : i + 100]) for i in range(0, len(seeds), 100)]
    assert engine.curves_from_seeds(seeds).tobytes() == np.concatenate(parts).tobytes()


def test_arrays_that_are_views_give_the_curves_of_their_values(engine: Engine):
    noise = np.random.default_rng(0).standard_normal((2 * ROWS_PER_RUN + 20, 5), np.float32)
    assert (engine.curves_from_noise(noise[::-2]) == engine.curves_from_noise(noise)[::-2]).all()
    seeds = np.arange(3 * ROWS_PER_RUN)
    assert (engine.curves_from_seeds(seeds[::-1]) == engine.curves_from_seeds(seeds)[::-1]).all()


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (
            lambda it: replace(it, x_grid=[*it.x_grid, 2.0]),
            r"\('curves', 'tensor\(float\)', \[-1, 16",
        ),
        (
            lambda it: replace(it, inputs=default_inputs(6)),
            r"\('noise', 'tensor\(float\)', \[-1, 6",
        ),
        (
            lambda it: replace(
                it, inputs=default_inputs(5, 2), family=replace(it.family, labels=["a", "b"])
            ),
            r"\('labels', 'tensor\(int64\)', \[-1\]\)",
        ),
    ],
)
def test_files_with_other_tensors_than_described_are_refused(
    repository: Repository, other: Callable[[Description], Description], named: str
):
    model = repository.load(1)
    with pytest.raises(RepositoryError, match=f"its manifest describes .*{named}"):
        Engine(model.sampler_onnx, model.generator_onnx, other(model.description).specs)


def test_the_generator_in_the_samplers_place_is_refused(repository: Repository):
    model = repository.load(1)
    with pytest.raises(RepositoryError, match="the generator's ONNX file has the tensors"):
        Engine(model.generator_onnx, model.sampler_onnx, model.description.specs)


def test_what_is_no_onnx_file_is_refused_in_one_line(repository: Repository):
    model = repository.load(1)
    with pytest.raises(RepositoryError, match="onnxruntime can't load the sampler") as caught:
        Engine(b"garbage", model.generator_onnx, model.description.specs)
    assert "\n" not in str(caught.value)


def test_onnxruntime_reports_to_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Its reports begin with a file among the temporary ones and a thread; in CI it makes none."""
    for name in ("CI", "ORT_DISABLE_TELEMETRY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    subprocess.run([sys.executable, "-c", "import curvegan.engine"], check=True)
    assert not list(tmp_path.iterdir())


def test_a_label_makes_another_curve_of_a_seed_with_the_same_bytes_in_every_batch(
    labelled_engine: Engine,
):
    seeds = np.arange(2 * ROWS_PER_RUN + 3)
    labels = seeds % 3
    curves = labelled_engine.curves_from_seeds(seeds, labels)
    for row in (0, 1, 2, ROWS_PER_RUN, len(seeds) - 1):
        part = slice(row, row + 1)
        alone = labelled_engine.curves_from_seeds(seeds[part], labels[part])
        assert alone.tobytes() == curves[row].tobytes()
    others = labelled_engine.curves_from_seeds(seeds, (labels + 1) % 3)
    assert (np.abs(others - curves).max(axis=1) > 0.1).all()


def test_missing_labels_and_too_many_inputs_name_what_the_model_takes(
    engine: Engine, labelled_engine: Engine
):
    with pytest.raises(ValueError, match="the sampler takes seeds and labels: 1 given"):
        labelled_engine.curves_from_seeds(np.arange(2))
    with pytest.raises(ValueError, match="the generator takes noise: 2 given"):
        engine.curves_from_noise(np.zeros((1, 5), np.float32), np.array([0]))
