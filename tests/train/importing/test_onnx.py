"""ONNX graphs of others: which can be made ours, and what the rest is refused for."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

from curvegan.engine import ort
from curvegan.errors import CurveganError
from tests.train.importing.originals import deep, node, onnx_layers, save_onnx, tensor, tutorial
from train.export.parity import noise_to_compare
from train.importing.files import read
from train.importing.given import Given

WEIGHT = np.random.default_rng(0).standard_normal((5, 15), np.float32)
NOISE = torch.from_numpy(noise_to_compare(5)[:300])
LINEAR = [node("MatMul", "z w", "y")]


def curves_of(given: Given, noise: torch.Tensor = NOISE) -> np.ndarray:
    """Returns what the graph gives that is published."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(given.graph.SerializeToString(), options)
    return session.run(["curves"], {"noise": noise.numpy()})[0]


def check(given: Given, original: object) -> None:
    """Fails unless the graph computes `original` and is one that old runtimes read."""
    with torch.no_grad():
        expected = original(NOISE).numpy()
    np.testing.assert_allclose(curves_of(given), expected, atol=1e-5)
    assert given.graph.ir_version == 8
    assert [(it.domain, it.version) for it in given.graph.opset_import] == [("", 18)]


@pytest.mark.parametrize("opset", [8, 11, 13, 17, 18, 20, 21, 24])
def test_any_opset_becomes_18(opset: int, tmp_path: Path):
    net = deep(nn.ReLU())
    check(read(save_onnx(tmp_path / "g.onnx", *onnx_layers(net), opset=opset)), net)


@pytest.mark.parametrize("ir_version", [4, 10, 12])
def test_any_ir_version_becomes_8(ir_version: int, tmp_path: Path):
    path = save_onnx(tmp_path / "g.onnx", LINEAR, {"w": WEIGHT}, ir_version=ir_version)
    check(read(path), lambda z: z @ torch.from_numpy(WEIGHT))


def test_weights_that_old_files_name_as_inputs_are_weights(tmp_path: Path):
    inputs = [tensor("z", ["n", 5]), tensor("w", [5, 15])]
    path = save_onnx(
        tmp_path / "g.onnx", LINEAR, {"w": WEIGHT}, inputs=inputs, opset=8, ir_version=3
    )
    check(read(path), lambda z: z @ torch.from_numpy(WEIGHT))


def test_an_operator_that_came_later_is_written_by_earlier_ones(tmp_path: Path):
    """Gelu is of opset 20."""
    net = deep(nn.GELU())
    given = read(save_onnx(tmp_path / "g.onnx", *onnx_layers(net), opset=20))
    check(given, net)
    assert "Gelu" not in {it.op_type for it in given.graph.graph.node}


def test_functions_of_the_file_itself_are_written_out(tmp_path: Path):
    double = helper.make_function(
        "mine", "Double", ["a"], ["b"], [node("Add", "a a", "b")], [helper.make_opsetid("", 18)]
    )
    path = save_onnx(
        tmp_path / "g.onnx",
        [node("Double", "z", "y", domain="mine")],
        domains=["mine"],
        functions=[double],
    )
    check(read(path), lambda z: 2 * z)


def test_graphs_within_the_graph_are_kept(tmp_path: Path):
    one = helper.make_graph([node("Neg", "z", "a")], "then", [], [tensor("a", ["n", 5])])
    other = helper.make_graph([node("Abs", "z", "b")], "else", [], [tensor("b", ["n", 5])])
    choice = node("If", "c", "y", then_branch=one, else_branch=other)
    check(read(save_onnx(tmp_path / "g.onnx", [choice], {"c": True})), lambda z: -z)


def test_names_may_be_those_of_our_own_graphs(tmp_path: Path):
    path = save_onnx(
        tmp_path / "g.onnx",
        [node("MatMul", "curves noise", "seeds")],
        {"noise": WEIGHT},
        inputs=[tensor("curves", ["n", 5])],
        outputs=[tensor("seeds", ["n", 15])],
    )
    check(read(path), lambda z: z @ torch.from_numpy(WEIGHT))


@pytest.mark.parametrize("batch", [1, 4])
def test_a_fixed_batch_becomes_any_where_nothing_depends_on_it(batch: int, tmp_path: Path):
    path = save_onnx(
        tmp_path / "g.onnx",
        LINEAR,
        {"w": WEIGHT},
        inputs=[tensor("z", [batch, 5])],
        outputs=[tensor("y", [batch, 15])],
    )
    given = read(path)
    assert given.generator(NOISE[:7]).shape == (7, 15)
    check(given, lambda z: z @ torch.from_numpy(WEIGHT))


@pytest.mark.parametrize(
    "net", [deep(nn.ELU()), deep(nn.Softplus()), nn.Sequential(nn.Linear(5, 2), nn.ELU())]
)
def test_a_row_has_the_same_bytes_in_every_batch(net: nn.Sequential, tmp_path: Path):
    """onnxruntime computes these functions otherwise at the end of a batch."""
    given = read(save_onnx(tmp_path / "g.onnx", *onnx_layers(net)))
    check(given, net)
    whole = curves_of(given)
    for size in (1, 3):
        parts = [curves_of(given, NOISE[at : at + size]) for at in range(0, len(NOISE), size)]
        assert np.concatenate(parts).tobytes() == whole.tobytes()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (list(range(15)), [float(x) for x in range(15)]),
        (list(range(14)), None),
        ([0.0] * 15, None),
        ("lin", None),
    ],
)
def test_the_x_grid_of_our_own_files_is_taken_if_it_fits(said, expected, tmp_path: Path):
    path = save_onnx(tmp_path / "g.onnx", LINEAR, {"w": WEIGHT})
    model = onnx.load(path)
    helper.set_model_props(model, {"x_grid": json.dumps(said)})
    onnx.save(model, path)
    assert read(path).x_grid == expected


def test_nothing_of_the_machine_that_wrote_it_is_kept(tmp_path: Path):
    path = save_onnx(tmp_path / "g.onnx", LINEAR, {"w": WEIGHT})
    model = onnx.load(path)
    model.doc_string = model.graph.doc_string = model.graph.node[0].doc_string = "/home/me"
    model.producer_name = model.graph.input[0].doc_string = "/home/me"
    helper.set_model_props(model, {"where": "/home/me"})
    onnx.save(model, path)
    assert b"/home/me" not in read(path).graph.SerializeToString()


def external(folder: Path) -> Path:
    folder.mkdir()
    save_onnx(folder / "g.onnx", LINEAR, {"w": WEIGHT})
    onnx.save(
        onnx.load(folder / "g.onnx"),
        folder / "g.onnx",
        save_as_external_data=True,
        location="weights",
        size_threshold=0,
    )
    return folder / "g.onnx"


def test_weights_in_a_file_beside_it_are_read(tmp_path: Path):
    check(read(external(tmp_path / "there")), lambda z: z @ torch.from_numpy(WEIGHT))


@pytest.mark.parametrize("become", [Path.unlink, lambda path: path.write_bytes(b"cut")])
def test_a_file_of_weights_that_is_missing_or_cut_off_is_named(become, tmp_path: Path):
    path = external(tmp_path / "there")
    become(path.with_name("weights"))
    with pytest.raises(CurveganError, match=r"can't read the weights of .*: .*; put .* beside it"):
        read(path)


def test_weights_elsewhere_on_the_machine_are_not_read(tmp_path: Path):
    path = external(tmp_path / "there")
    (tmp_path / "there" / "weights").rename(tmp_path / "weights")
    content = path.read_bytes()
    model = onnx.load_from_string(content)
    for entry in model.graph.initializer[0].external_data:
        entry.value = "../weights" if entry.key == "location" else entry.value
    path.write_bytes(model.SerializeToString())
    with pytest.raises(CurveganError, match="points outside the directory"):
        read(path)


STATISTICS = {"s": np.ones(5, np.float32), "b": np.zeros(5, np.float32)}
Z64 = [tensor("z", ["n", 5], TensorProto.DOUBLE)]
Z16 = [tensor("z", ["n", 5], TensorProto.FLOAT16)]
NEG = [node("Neg", "z", "y")]


@pytest.mark.parametrize(
    ("nodes", "more", "expected"),
    [
        (
            NEG,
            {"inputs": Z64, "outputs": [tensor("y", ["n", 5], TensorProto.DOUBLE)]},
            "z (double [n",
        ),
        (
            NEG,
            {"inputs": Z16, "outputs": [tensor("y", ["n", 5], TensorProto.FLOAT16)]},
            "z (float16 [",
        ),
        (NEG, {"inputs": [tensor("z", [5])]}, "takes z (float [5])"),
        (NEG, {"inputs": [tensor("z", ["n", "m"])]}, "takes z (float [n, m])"),
        (NEG, {"inputs": [tensor("z", ["n", 9000])]}, "a number from 1 to 1024"),
        (
            [node("Add", "z c", "y")],
            {"inputs": [tensor("z", ["n", 5]), tensor("c", ["n", 5])]},
            "takes z (float [n, 5]), c (float [n, 5]): give a generator that takes noise alone",
        ),
        (
            [*NEG, node("Abs", "z", "a")],
            {"outputs": [tensor("y", ["n", 5]), tensor("a", ["n", 5])]},
            "gives y (float [n, 5]), a (float [n, 5]): give",
        ),
        (
            [node("Cast", "z", "y", to=TensorProto.DOUBLE)],
            {"outputs": [tensor("y", ["n", 5], TensorProto.DOUBLE)]},
            "makes float64 [5000, 5] of noise",
        ),
        ([node("Unsqueeze", "z one", "y")], {"constants": {"one": np.array([1])}}, "[5000, 1, 5]"),
        ([node("RandomNormalLike", "z", "y", seed=1.0)], {}, "the same noise each time"),
        (
            [node("ReduceMean", "z zero", "m"), node("Sub", "z m", "y")],
            {"constants": {"zero": np.array([0])}},
            "when other rows stand in its batch",
        ),
        ([node("Log", "z", "y")], {}, "makes curves that are not finite"),
        (
            [node("Gelu", "z", "y", domain="com.microsoft")],
            {"domains": ["com.microsoft"]},
            "has the operators com.microsoft.Gelu, which opset 18 of ONNX does not have",
        ),
        (NEG, {"opset": 99}, "is of opset 99, and onnx"),
        (NEG, {"ir_version": 99}, "is not valid ONNX: Your model ir_version 99 is higher"),
        ([node("Negg", "z", "y")], {}, "is not valid ONNX: No Op registered for Negg"),
        (
            [node("Reshape", "z two", "y")],
            {"constants": {"two": np.array([2, 5])}, "inputs": [tensor("z", [2, 5])]},
            "give a generator that takes any number of rows",
        ),
    ],
)
def test_a_graph_that_is_not_a_generator_is_refused(nodes, more, expected, tmp_path: Path):
    more = dict(more)
    path = save_onnx(tmp_path / "g.onnx", nodes, more.pop("constants", None), **more)
    with pytest.raises(CurveganError) as refused:
        read(path)
    assert expected in str(refused.value)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_batch_norm_that_learns_is_refused(tmp_path: Path):
    constants = {**STATISTICS, "m": STATISTICS["b"], "v": STATISTICS["s"]}
    nodes = [node("BatchNormalization", "z s b m v", "y rm rv", training_mode=1)]
    path = save_onnx(tmp_path / "g.onnx", nodes, constants)
    with pytest.raises(CurveganError, match=r"call generator\.eval\(\) before you save it"):
        read(path)


@pytest.mark.parametrize("kept", [9, 60, 0.5, 0.98])
def test_a_file_that_is_cut_off_is_refused(kept: float, tmp_path: Path):
    path = save_onnx(tmp_path / "g.onnx", *onnx_layers(tutorial()))
    content = path.read_bytes()
    path.write_bytes(content[: int(kept if kept > 1 else kept * len(content))])
    with pytest.raises(CurveganError, match="for it may be cut off"):
        read(path)
