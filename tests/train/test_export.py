"""The exported files: shapes, names, sizes, metadata; and the parity that guards them."""

import io
import json
import re
import zipfile

import numpy as np
import onnx
import pytest
import torch
from onnx.reference import ReferenceEvaluator

from curvegan.engine import ort
from curvegan.repository.description import default_inputs, model_specs
from curvegan.repository.repository import EXPORTED_PROGRAM, ONNX, TORCHSCRIPT
from tests.support.labelled.days import N_NOISE as DAYS_NOISE
from tests.support.labelled.days import X_GRID as DAYS_X_GRID
from tests.support.labelled.days import Days
from train.data.quadratics import Quadratics
from train.export import Export, ParityError, export
from train.export.exported_program import load_exported_program
from train.export.parity import (
    ExportedModel,
    allowed_differences,
    check_parity,
    rows_to_compare,
    seeds_to_compare,
)
from train.export.sampler import Sampler
from train.export.torchscript import load_torchscript
from train.gan.networks import make_generator

N_NOISE, N_POINTS = 5, 15
X_GRID = Quadratics(N_POINTS).x_grid.tolist()
INPUTS = default_inputs(N_NOISE)
SPECS = model_specs(INPUTS, N_POINTS)
MODELS = ("generator", "sampler")
FILES = (ONNX, TORCHSCRIPT, EXPORTED_PROGRAM)


@pytest.fixture(scope="module")
def generator() -> torch.nn.Sequential:
    torch.manual_seed(0)
    return make_generator(N_NOISE, N_POINTS)


@pytest.fixture(scope="module")
def exported(generator) -> Export:
    return export(generator, INPUTS, X_GRID)


def session(content: bytes) -> ort.InferenceSession:
    return ort.InferenceSession(content, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize(
    ("model", "name", "kind", "shape"),
    [
        ("generator", "noise", "tensor(float)", ["n", N_NOISE]),
        ("sampler", "seeds", "tensor(int64)", ["n"]),
    ],
)
def test_onnx_models_have_the_tensors_of_the_contract(exported, model, name, kind, shape):
    source, target = (
        tensors[0]
        for tensors in (
            session(exported.files[model][ONNX]).get_inputs(),
            session(exported.files[model][ONNX]).get_outputs(),
        )
    )
    assert (source.name, source.type, source.shape) == (name, kind, shape)
    assert (target.name, target.type, target.shape) == ("curves", "tensor(float)", ["n", N_POINTS])


@pytest.mark.parametrize(("model", "most"), [("generator", 16_384), ("sampler", 32_768)])
def test_onnx_models_are_small_and_of_opset_18(exported, model, most):
    content = exported.files[model][ONNX]
    assert len(content) <= most
    read = onnx.load_from_string(content)
    assert [(opset.domain, opset.version) for opset in read.opset_import] == [("", 18)]
    assert read.ir_version == 8  # onnxruntime 1.14, the first with opset 18, reads no later one.


@pytest.mark.parametrize("model", MODELS)
def test_onnx_models_use_no_operator_that_old_runtimes_lack_for_its_type(exported, model):
    """What onnxruntime 1.14 to 1.20 have no kernel for; `make parity` asks the real ones."""
    of = onnx.TensorProto
    read = onnx.load_from_string(exported.files[model][ONNX])
    graph = onnx.shape_inference.infer_shapes(read, strict_mode=True).graph
    types = {constant.name: constant.data_type for constant in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        types[value.name] = value.type.tensor_type.elem_type
    used = {(node.op_type, types[name]) for node in graph.node for name in node.input}
    arithmetic = ("Add", "Sub", "Mul", "Div")
    lacking = {(operator, kind) for operator in arithmetic for kind in (of.UINT32, of.UINT64)}
    assert not used & (lacking | {("Cos", of.DOUBLE)})


@pytest.mark.parametrize("model", MODELS)
def test_onnx_models_carry_the_x_grid_and_the_seed_rule(exported, model):
    properties = onnx.load_from_string(exported.files[model][ONNX]).metadata_props
    metadata = {property_.key: property_.value for property_ in properties}
    assert json.loads(metadata["x_grid"]) == X_GRID
    assert metadata["seed_rule"].startswith("philox2x32-10")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", FILES)
def test_no_file_tells_of_the_machine_that_wrote_it(exported, model, name):
    """No path, no traceback: neither in the clear nor in a zip's entries."""
    content = exported.files[model][name]
    if name != ONNX:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content += b"".join(map(archive.read, archive.namelist()))
    assert not re.search(rb'File "|site-packages|/train/\w+\.py\(|stack_trace|debug_pkl', content)
    assert torch.__file__.rpartition("/")[0].encode() not in content


@pytest.mark.parametrize("n", [0, 1, 3, 5_000])
@pytest.mark.parametrize("model", MODELS)
def test_every_runtime_takes_any_number_of_rows(exported, model, n):
    files = exported.files[model]
    rows = {
        "generator": np.zeros((n, N_NOISE), np.float32),
        "sampler": np.arange(n, dtype=np.int64),
    }[model]
    name = {"generator": "noise", "sampler": "seeds"}[model]
    reference = ReferenceEvaluator(onnx.load_from_string(files[ONNX]))
    for curves in (
        session(files[ONNX]).run(None, {name: rows})[0],
        reference.run(None, {name: rows})[0],
        load_torchscript(files[TORCHSCRIPT])(torch.from_numpy(rows)).numpy(),
        load_exported_program(files[EXPORTED_PROGRAM])(torch.from_numpy(rows)).numpy(),
    ):
        assert curves.shape == (n, N_POINTS)
        assert curves.dtype == np.float32


def test_parity_compares_five_runtimes_on_the_extreme_seeds(exported):
    runtimes = {"torch eager", "torchscript", "torch.export", "onnxruntime", "onnx reference"}
    assert {0, 1, -1, 2**63 - 1, -(2**63)} <= set(seeds_to_compare().tolist())
    for model in MODELS:
        assert set(exported.parity[model]) == runtimes
        assert max(exported.parity[model].values()) <= 1e-5


@pytest.mark.parametrize("name", FILES)
def test_files_of_other_weights_fail_their_parity_and_the_message_says_where(generator, name):
    torch.manual_seed(0)
    other = make_generator(N_NOISE, N_POINTS)
    with torch.no_grad():
        other[2].bias[4] += 1e-4
    files = {
        **export(generator, INPUTS, X_GRID).files["generator"],
        name: export(other, INPUTS, X_GRID).files["generator"][name],
    }
    rows = np.random.default_rng(0).standard_normal((5_000, N_NOISE), np.float32)
    with pytest.raises(ParityError, match=r"differs from torch eager: .* point 4, .*nothing was"):
        check_parity(ExportedModel(SPECS["generator"], generator, files, (rows,)))


def test_a_row_whose_bytes_depend_on_the_batch_fails_the_parity(generator):
    """A graph that adds a multiple of the number of rows, too small for the tolerance to see."""
    exported = export(generator, INPUTS, X_GRID).files["generator"]
    model = onnx.load_from_string(exported[ONNX])
    graph = model.graph
    graph.node[-1].output[0] = "unmoved"
    graph.initializer.append(onnx.numpy_helper.from_array(np.float32(1e-10), "tiny"))
    graph.node.extend(
        [
            onnx.helper.make_node("Size", ["noise"], ["size"]),
            onnx.helper.make_node("Cast", ["size"], ["rows"], to=onnx.TensorProto.FLOAT),
            onnx.helper.make_node("Mul", ["rows", "tiny"], ["moved_by"]),
            onnx.helper.make_node("Add", ["unmoved", "moved_by"], ["curves"]),
        ]
    )
    files = {**exported, ONNX: model.SerializeToString()}
    rows = np.random.default_rng(0).standard_normal((5_000, N_NOISE), np.float32)
    with pytest.raises(ParityError, match="other bytes in a batch of"):
        check_parity(ExportedModel(SPECS["generator"], generator, files, (rows,)))


def test_a_generator_that_is_not_finite_is_not_exported():
    broken = make_generator(N_NOISE, N_POINTS)
    with torch.no_grad():
        broken[0].weight[0, 0] = float("nan")
    with pytest.raises(ParityError, match="not finite"):
        export(broken, INPUTS, X_GRID)


def test_the_sampler_is_the_generator_on_the_noise_of_the_seeds(exported, generator):
    seeds = seeds_to_compare()[:100]
    curves = session(exported.files["sampler"][ONNX]).run(None, {"seeds": seeds})[0]
    expected = Sampler(generator, N_NOISE)(torch.from_numpy(seeds)).detach().numpy()
    np.testing.assert_allclose(curves, expected, atol=1e-5)


@pytest.mark.parametrize("model", MODELS)
def test_a_program_of_torch_export_is_small_and_loads_from_its_path(exported, model, tmp_path):
    path = tmp_path / EXPORTED_PROGRAM
    path.write_bytes(exported.files[model][EXPORTED_PROGRAM])
    assert path.stat().st_size <= 32_768
    assert torch.export.load(path).graph_signature.user_outputs


def of_level(level: float, spread: float) -> tuple[Export, Days]:
    days = Days(level, spread)
    return export(days, default_inputs(DAYS_NOISE, 3), DAYS_X_GRID, n_labels=3), days


@pytest.fixture(scope="module")
def labelled() -> tuple[Export, Days]:
    return of_level(50, 3)


@pytest.mark.parametrize(("model", "first"), [("generator", "noise"), ("sampler", "seeds")])
@pytest.mark.parametrize("n", [0, 1, 3])
def test_every_runtime_takes_the_labels_of_any_number_of_rows(labelled, model, first, n):
    exported, days = labelled
    files, eager = exported.files[model], {"generator": days, "sampler": Sampler(days, DAYS_NOISE)}
    spec = model_specs(default_inputs(DAYS_NOISE, 3), len(DAYS_X_GRID))[model]
    rows = tuple(values[:n] for values in rows_to_compare(spec, n_labels=3))
    fed = dict(zip((first, "labels"), rows, strict=True))
    tensors = list(map(torch.from_numpy, rows))
    expected = eager[model](*tensors).detach().numpy()
    reference = ReferenceEvaluator(onnx.load_from_string(files[ONNX]))
    for curves in (
        session(files[ONNX]).run(None, fed)[0],
        reference.run(None, fed)[0],
        load_torchscript(files[TORCHSCRIPT])(*tensors).numpy(),
        load_exported_program(files[EXPORTED_PROGRAM])(*tensors).numpy(),
    ):
        assert curves.dtype == np.float32
        np.testing.assert_allclose(curves, expected, atol=1e-4)


@pytest.mark.parametrize("model", MODELS)
def test_labels_are_the_second_input_of_both_models(labelled, model):
    inputs = session(labelled[0].files[model][ONNX]).get_inputs()
    assert [(each.type, each.shape) for each in inputs[1:]] == [("tensor(int64)", ["n"])]
    assert [each.name for each in inputs] == [
        {"generator": "noise", "sampler": "seeds"}[model],
        "labels",
    ]


def test_the_rows_to_compare_have_every_class():
    spec = model_specs(default_inputs(DAYS_NOISE, 3), 24)["sampler"]
    assert set(rows_to_compare(spec, n_labels=3)[1].tolist()) == {0, 1, 2}


def test_weights_of_another_class_fail_the_parity(labelled):
    exported, _ = labelled
    other = Days()
    with torch.no_grad():
        other.classes.weight[2] += 1e-2
    spec = model_specs(default_inputs(DAYS_NOISE, 3), 24)["generator"]
    rows = rows_to_compare(spec, n_labels=3)
    with pytest.raises(ParityError, match=r"at noise \[.*\], labels 2, point \d+, it gives"):
        check_parity(ExportedModel(spec, other, exported.files["generator"], rows))


@pytest.mark.parametrize(("level", "spread"), [(5e4, 3), (0, 1e-9)])
def test_parity_is_judged_by_what_the_curves_span_and_not_by_their_level(level, spread):
    """A thousandth of the spread is a wrong curve, or eight units of what float32 can resolve."""
    exported, days = of_level(level, spread)
    with torch.no_grad():
        days.means[:, 4] += max(spread / 1000, 8 * level * 2.0**-23)
    spec = model_specs(default_inputs(DAYS_NOISE, 3), 24)["generator"]
    rows = rows_to_compare(spec, n_labels=3)
    with pytest.raises(ParityError, match="point 4, "):
        check_parity(ExportedModel(spec, days, exported.files["generator"], rows))


def test_each_point_is_judged_by_its_own_span():
    wide, narrow = np.array([[0.0, 7.0], [1e6, 7.001]], np.float32).T
    allowed = allowed_differences(np.stack([wide, narrow], axis=1))
    assert allowed[0] == pytest.approx(1e-5 * 1e6, rel=0.1)
    assert 1e-8 < allowed[1] < 1e-5
