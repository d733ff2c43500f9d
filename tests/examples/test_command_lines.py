"""The examples with a command line, each run as its README says."""

import ast
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest
import torch

from bench.tools import cmake_build, npm_install
from curvegan.engine import Engine
from tests.examples.example import (
    EXAMPLES,
    SEED_TEXTS,
    SEEDS,
    WRONG_SEEDS,
    assert_curves,
    error_of,
    run,
    run_example,
    run_on_file,
)
from tests.support.tools import or_skip

pytestmark = pytest.mark.timeout(600)  # The first test of an example also builds it.


@pytest.fixture(scope="module", params=["python", "node", "cpp"])
def example(request: pytest.FixtureRequest) -> str:
    """The name of an example, built."""
    name: str = request.param
    with or_skip():
        if name == "node":
            npm_install(EXAMPLES / name)
        elif name == "cpp":
            cmake_build(EXAMPLES / name)
    return name


class OneRow(torch.nn.Module):
    """A model that makes one row, of however many seeds."""

    def forward(self, seeds: torch.Tensor) -> torch.Tensor:
        return seeds.float()[None, :]


class Refusing(torch.nn.Module):
    """A model that takes five seeds and no other number."""

    def forward(self, seeds: torch.Tensor) -> torch.Tensor:
        assert seeds.numel() == 5
        return seeds.float()[:, None]


def one_row() -> onnx.ModelProto:
    """The same as `OneRow`, as ONNX."""
    return onnx.parser.parse_model(
        """<ir_version: 9, opset_import: ["" : 18]>
        rows (int64[n] seeds) => (float[m, p] curves) {
            zero = Constant<value = int64[1] {0}>()
            numbers = Cast<to = 1>(seeds)
            curves = Unsqueeze(numbers, zero)
        }"""
    )


def model_file(example: str, models: Path, model: str) -> Path:
    return models / model / "1" / ("model.pt" if example == "cpp" else "model.onnx")


def test_the_readme_s_command_prints_the_engine_s_curves(
    example: str, published: Path, engine: Engine
):
    done = run_example(example, published)
    assert (done.returncode, done.stderr) == (0, "")
    assert_curves(done.stdout, np.array([7, -1, *range(64)]), engine)


def test_seeds_are_written_alike_and_any_64_bits_are_one(
    example: str, published: Path, engine: Engine
):
    assert_curves(run_example(example, published, *SEED_TEXTS).stdout, SEEDS, engine)


@pytest.mark.parametrize("text", WRONG_SEEDS)
def test_a_wrong_seed_is_one_line(example: str, published: Path, text: str):
    line = error_of(run_example(example, published, "1", text))
    assert "seed" in line


def test_a_missing_file_is_one_line(example: str, tmp_path: Path):
    line = error_of(run_on_file(example, tmp_path / "nothing"))
    assert line.startswith(f"error: can't read {tmp_path / 'nothing'}")


@pytest.mark.parametrize("content", [b"", b"curves", b"PK\x03\x04" + bytes(100)])
def test_a_file_that_is_no_model_is_one_line(example: str, tmp_path: Path, content: bytes):
    (tmp_path / "model").write_bytes(content)
    line = error_of(run_on_file(example, tmp_path / "model"))
    assert line.startswith(f"error: {tmp_path / 'model'} is not a")


def test_a_model_with_other_tensors_is_one_line(example: str, published: Path, tmp_path: Path):
    """The generator, for those that want a sampler; for Python, which takes both, one that has
    lost the name of its output."""
    file = model_file(example, published, "generator")
    if example == "python":
        content = file.read_bytes()
        assert content.count(b"curves") > 1
        file = tmp_path / "model.onnx"
        file.write_bytes(content.replace(b"curves", b"values"))
    line = error_of(run_on_file(example, file))
    assert "to curves: give a curvegan" in line


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
def test_a_model_that_looks_like_ours_and_does_not_run_is_one_line(
    example: str, published: Path, tmp_path: Path
):
    file = tmp_path / "model"
    if example == "cpp":
        torch.jit.script(Refusing()).save(file)
    else:
        model = onnx.load(model_file(example, published, "sampler"))
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 5
        onnx.save(model, file)
    line = error_of(run_on_file(example, file))
    assert "can't make the curves: " in line


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")
def test_a_model_of_another_number_of_rows_is_one_line(
    example: str, published: Path, tmp_path: Path
):
    repository = shutil.copytree(published, tmp_path / "models")
    file = model_file(example, repository, "sampler")
    if example == "cpp":
        torch.jit.script(OneRow()).save(file)
    else:
        onnx.save(one_row(), file)
    line = error_of(run_example(example, repository, "7", "8", "9"))
    assert "give a curvegan" in line


def test_no_seeds_is_one_line(example: str, published: Path):
    done = run_example(example, published, "7")
    without = [str(word) for word in done.args[2:-1]]
    assert "SEEDS..." in error_of(run(example, *without))


@pytest.mark.parametrize("seeds", ["7", "0-9999"])
def test_a_full_disk_is_one_line(example: str, published: Path, seeds: str):
    line = error_of(run_example(example, published, seeds, into="> /dev/full"))
    assert line.startswith("error: can't write the curves")


def test_who_reads_the_first_line_alone_sees_no_error(example: str, published: Path):
    done = run_example(example, published, "0-99999", into="| head -n 1")
    assert (len(done.stdout.splitlines()), done.stderr) == (1, "")


def test_python_s_example_makes_the_noise_itself_for_a_generator(published: Path, engine: Engine):
    done = run_on_file("python", published / "generator" / "1" / "model.onnx")
    assert_curves(done.stdout, np.array([7]), engine)


def test_python_s_example_is_one_file_that_needs_onnxruntime_and_numpy_alone(
    published: Path, tmp_path: Path, engine: Engine
):
    copy = shutil.copy(EXAMPLES / "python" / "curves.py", tmp_path)
    model = published / "sampler" / "1" / "model.onnx"
    done = run("python", sys.executable, "-P", copy, str(model), "7")
    assert_curves(done.stdout, np.array([7]), engine)
    tree = ast.parse(Path(copy).read_text())
    imports = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imports - set(sys.stdlib_module_names) == {"numpy", "onnxruntime"}


def test_the_seed_rule_in_numpy_is_the_sampler_s(engine: Engine):
    """To the last bit but of the logarithm and the sine, which each library rounds its own way."""
    sys.path.insert(0, str(EXAMPLES / "python"))
    try:
        from curves import seed_noise
    finally:
        sys.path.pop(0)
    seeds = np.concatenate([SEEDS, np.random.default_rng(0).integers(-(2**63), 2**63, 5_000)])
    noise = seed_noise(seeds, engine.n_noise)
    expected = "-0.07412785 -0.6990696 -0.8643423 0.03773198 0.7841453"
    np.testing.assert_allclose(noise[2], np.fromstring(expected, sep=" "), rtol=1e-6)
    found, sampled = engine.curves_from_noise(noise), engine.curves_from_seeds(seeds)
    np.testing.assert_allclose(found, sampled, rtol=0, atol=1e-5)
