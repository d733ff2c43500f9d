"""Generators as people save them elsewhere, made here."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

N_NOISE, N_POINTS = 5, 15
FLOAT = TensorProto.FLOAT


def tutorial(n_noise: int = N_NOISE, hidden: int = 32, n_points: int = N_POINTS) -> nn.Sequential:
    torch.manual_seed(0)
    layers = nn.Linear(n_noise, hidden), nn.ReLU(), nn.Linear(hidden, n_points)
    return nn.Sequential(*layers).eval()


def deep(activation: nn.Module, hidden: int = 31) -> nn.Sequential:
    """Three layers, of a width that no vector of a processor divides."""
    torch.manual_seed(0)
    first, last = nn.Linear(N_NOISE, hidden), nn.Linear(hidden, N_POINTS)
    return nn.Sequential(first, activation, nn.Linear(hidden, hidden), nn.Tanh(), last).eval()


def save_scripted(module: nn.Module, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(module), path)


def save_traced(module: nn.Module, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(module, torch.zeros(2, N_NOISE), check_trace=False), path)


def save_onnx(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    constants: dict[str, object] | None = None,
    *,
    inputs: Sequence[onnx.ValueInfoProto] | None = None,
    outputs: Sequence[onnx.ValueInfoProto] | None = None,
    opset: int = 18,
    ir_version: int = 8,
    domains: Sequence[str] = (),
    functions: Sequence[onnx.FunctionProto] = (),
) -> Path:
    """Writes a graph from z, float32 [rows, 5], to y."""
    weights = [
        numpy_helper.from_array(np.asarray(value), key) for key, value in (constants or {}).items()
    ]
    graph = helper.make_graph(
        nodes,
        "elsewhere",
        inputs or [tensor("z", ["rows", N_NOISE])],
        outputs or [tensor("y", ["rows", "width"])],
        weights,
    )
    versions = [("", opset), *((domain, 1) for domain in domains)]
    opsets = [helper.make_opsetid(domain, version) for domain, version in versions]
    model = helper.make_model(
        graph, opset_imports=opsets, ir_version=ir_version, functions=functions
    )
    onnx.save(model, path)
    return path


def tensor(name: str, shape: list, kind: int = FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def node(kind: str, inputs: str, output: str, **attributes: object) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), output.split(), **attributes)


def onnx_layers(module: nn.Sequential) -> tuple[list[onnx.NodeProto], dict[str, object]]:
    """Returns the nodes and the weights of Linear and activation layers, in turn."""
    nodes, constants, at = [], {}, "z"
    for number, layer in enumerate(module):
        then = "y" if number == len(module) - 1 else f"h{number}"
        if isinstance(layer, nn.Linear):
            constants[f"w{number}"] = layer.weight.detach().numpy()
            constants[f"b{number}"] = layer.bias.detach().numpy()
            nodes.append(node("Gemm", f"{at} w{number} b{number}", then, transB=1))
        else:
            kind = {"ReLU": "Relu", "ELU": "Elu", "GELU": "Gelu"}.get(type(layer).__name__)
            nodes.append(node(kind or type(layer).__name__, at, then))
        at = then
    return nodes, constants
