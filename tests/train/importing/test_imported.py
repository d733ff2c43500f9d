"""An imported generator is published, described and served like ours."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from curvegan import CurveClient
from curvegan.engine import Engine
from curvegan.errors import CurveganError, RepositoryError
from curvegan.repository.repository import EXPORTED_PROGRAM, ONNX, TORCHSCRIPT, Repository
from serve.running import running_server
from tests.support.commands import error_line, run_command, try_command
from tests.support.observe import http_get
from tests.train.importing.originals import (
    deep,
    onnx_layers,
    save_onnx,
    save_scripted,
    tutorial,
)
from train.data.quadratics import Quadratics
from train.export.torchscript import load_torchscript
from train.families import built_in
from train.importing.about_curves import AboutCurves
from train.importing.imported import Imported, import_model
from train.noise.seed_rule import SeedNoise

SEEDS = np.array([0, 1, -1, 2**63 - 1, -(2**63), *range(100, 300)])
NETS = {"state_dict": tutorial(), "TorchScript": deep(nn.LeakyReLU(0.2)), "ONNX": deep(nn.ELU())}
FILES = {
    "state_dict": {ONNX, TORCHSCRIPT, EXPORTED_PROGRAM},
    "TorchScript": {ONNX, TORCHSCRIPT},
    "ONNX": {ONNX},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of each kind."""
    folder = tmp_path_factory.mktemp("imported")
    torch.save(NETS["state_dict"].state_dict(), folder / "state_dict")
    save_scripted(NETS["TorchScript"], folder / "TorchScript")
    save_onnx(folder / "ONNX", *onnx_layers(NETS["ONNX"]), opset=13)
    return folder


@pytest.fixture(scope="module")
def imported(folder: Path) -> dict[str, Imported]:
    """Each kind, published into `models`: the versions 1, 2, 3."""
    torch.set_num_threads(1)
    about = AboutCurves("load", "kW", "hour", x_from=0, x_to=28)
    return {kind: import_model(folder / kind, folder / "models", about) for kind in NETS}


def expected(kind: str) -> np.ndarray:
    with torch.no_grad():
        return NETS[kind](SeedNoise(5)(torch.from_numpy(SEEDS))).numpy()


@pytest.mark.parametrize("kind", NETS)
def test_the_curves_of_seeds_are_those_of_the_original(kind, folder: Path, imported):
    engine = Engine.of(Repository(folder / "models").load(imported[kind].version))
    curves = engine.curves_from_seeds(SEEDS)
    np.testing.assert_allclose(curves, expected(kind), atol=1e-5)
    alone = np.concatenate([engine.curves_from_seeds(SEEDS[i : i + 1]) for i in range(len(SEEDS))])
    assert alone.tobytes() == curves.tobytes()


@pytest.mark.parametrize("kind", NETS)
def test_a_server_serves_it_and_says_where_it_comes_from(kind, folder: Path, imported):
    pin = ("--pin", str(imported[kind].version))
    with running_server(folder / "models", *pin) as server, CurveClient(server.address) as client:
        model = client.model()
        np.testing.assert_allclose(client.generate(SEEDS), expected(kind), atol=1e-5)
        _, page = http_get(server, "/page/model")
    assert (model.family, model.units, model.x_name) == ("load", "kW", "hour")
    assert model.x_grid.tolist() == [float(x) for x in range(0, 30, 2)]
    assert (model.recipe, model.training_seed, model.quality) == ("imported", None, {})
    assert json.loads(page)["training_seed"] is None


@pytest.mark.parametrize("kind", NETS)
def test_it_has_the_files_that_can_be_made_of_it(kind, folder: Path, imported):
    version = Repository(folder / "models").load(imported[kind].version)
    for manifest in (version.sampler_manifest, version.generator_manifest):
        assert set(manifest.files) == FILES[kind]
    assert set(imported[kind].files) == FILES[kind]


def test_model_pt_of_torchscript_computes_the_original(folder: Path, imported):
    path = folder / "models" / "sampler" / str(imported["TorchScript"].version) / TORCHSCRIPT
    curves = load_torchscript(path.read_bytes())(torch.from_numpy(SEEDS))
    np.testing.assert_allclose(curves, expected("TorchScript"), atol=1e-5)


@pytest.mark.parametrize("kind", NETS)
def test_every_runtime_was_compared_with_the_file(kind, imported):
    original = "torch eager" if kind == "state_dict" else "the given file"
    more = {TORCHSCRIPT: "torchscript", EXPORTED_PROGRAM: "torch.export"}
    runtimes = {original, "onnxruntime", "onnx reference"}
    runtimes |= {runtime for file, runtime in more.items() if file in FILES[kind]}
    for figures in imported[kind].description.parity.values():
        assert set(figures) == runtimes
        assert max(figures.values()) <= 1e-5


def test_of_its_training_only_the_file_is_known(imported):
    training = imported["ONNX"].description.training
    assert (training.imported.name, training.imported.kind) == ("ONNX", "ONNX")
    assert (training.recipe, training.hyperparameters) == ("imported", {})
    assert {training.seed, training.device, training.d_real, training.ms_per_step} == {None}


def test_real_curves_judge_it_and_say_what_x_is(tmp_path: Path):
    """A generator that makes the quadratics exactly, of the wrong a: all between 1 and 1.1."""
    x_squared = torch.from_numpy(Quadratics(15).x_grid ** 2).float()
    net = nn.Sequential(nn.Linear(5, 4), nn.Sigmoid(), nn.Linear(4, 15))
    with torch.no_grad():
        net[2].weight.copy_((x_squared + 1).unsqueeze(1).expand(15, 4) * 0.025)
        net[2].bias.copy_(x_squared)
    path = save_onnx(tmp_path / "g.onnx", *onnx_layers(net))
    description = import_model(path, tmp_path / "models", AboutCurves(), built_in).description
    assert description.family.name == "quadratics"
    assert description.x_grid == Quadratics(15).x_grid.tolist()
    assert description.quality["w1_a"] == pytest.approx(0.45, abs=0.01)
    assert description.quality["in_bounds"] == 1
    assert [measure.name for measure in description.measures] == list(description.quality)


def test_x_is_the_file_s_own_or_else_counted(tmp_path: Path, folder: Path, published: Path):
    ours = published / "generator" / "1" / ONNX
    own = import_model(ours, tmp_path / "own", AboutCurves()).description
    assert (own.x_grid, own.family.name) == (Quadratics(15).x_grid.tolist(), "model")
    counted = import_model(folder / "ONNX", tmp_path / "counted", AboutCurves()).description
    assert counted.x_grid == [float(x) for x in range(15)]


def test_a_repository_of_another_shape_takes_no_import(models: Path, tmp_path: Path):
    net = tutorial(n_points=9)
    path = save_onnx(tmp_path / "g.onnx", *onnx_layers(net))
    with pytest.raises(RepositoryError, match="of other dimensions"):
        import_model(path, models, AboutCurves())
    assert Repository(models).versions() == [1]


def test_what_real_curves_say_is_not_said_twice(folder: Path, tmp_path: Path):
    with pytest.raises(CurveganError, match="real curves say their name, units and x themselves"):
        import_model(folder / "ONNX", tmp_path / "models", AboutCurves("mine"), built_in)
    assert not (tmp_path / "models").exists()


def test_the_command_publishes_and_says_what_it_took_the_file_for(folder: Path, tmp_path: Path):
    done = run_command("train", "import", str(folder / "ONNX"), "--name", "load", cwd=tmp_path)
    assert done.stdout == (
        "published version 1 in models: ONNX of opset 13; its quality was not measured (--family)\n"
        "ONNX alone: torch can make no model.pt and no model.pt2 of an ONNX file\n"
    )
    assert done.stderr == ""
    assert Repository(tmp_path / "models").load(1).description.family.name == "load"


def test_a_file_that_is_refused_is_one_line_and_nothing_is_published(tmp_path: Path):
    net = nn.Sequential(nn.Linear(5, 16), nn.BatchNorm1d(16), nn.Linear(16, 15)).train()
    with torch.no_grad():
        torch.jit.save(torch.jit.trace(net, torch.randn(9, 5), check_trace=False), tmp_path / "g")
    line = error_line(try_command("train", "import", "g", cwd=tmp_path))
    assert line.startswith("error: g gives another curve of the same noise when other rows stand")
    assert [path.name for path in tmp_path.iterdir()] == ["g"]
