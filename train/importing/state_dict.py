"""Weights alone: the state_dict of a generator of the tutorial's shape."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

EXPECTED = (
    "expected that of an nn.Sequential(Linear, ReLU, Linear), in float32, with the tensors "
    "0.weight, 0.bias, 2.weight, 2.bias; give any other generator as TorchScript or ONNX"
)

_TENSOR = re.compile(r"((?:.+\.)?)(\d+)\.(weight|bias)")


def to_sequential(tensors: Mapping[Any, object]) -> nn.Sequential:
    """Returns Linear, ReLU, Linear with these weights; their names may have a prefix, such as
    "net.", and the biases may be missing.

    Raises ValueError, saying what it is, for the state_dict of another module.
    """
    layers: dict[tuple[str, int], dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        found = _TENSOR.fullmatch(str(name))
        if not found or not isinstance(tensor, torch.Tensor):
            raise ValueError(f"holds {str(name)[:80]!r}, which no layer of an nn.Sequential has")
        if tensor.layout != torch.strided or tensor.device.type != "cpu":
            kind = f"{tensor.layout} on the device {tensor.device}".removeprefix("torch.")
            raise ValueError(f"holds {name!r} {kind}: save it dense, and with its numbers")
        if tensor.dtype != torch.float32:
            kind = str(tensor.dtype).removeprefix("torch.")
            raise ValueError(f"holds {name!r} in {kind}: call generator.float() before you save it")
        layers.setdefault((found[1], int(found[2])), {})[found[3]] = tensor
    prefixes = sorted({prefix for prefix, _ in layers})
    if len(prefixes) > 1:
        named = " and ".join(repr(prefix) for prefix in prefixes[:4])
        raise ValueError(f"holds several modules, {named}: save the generator's alone")
    numbers = sorted(number for _, number in layers)
    if numbers != [0, 2]:
        listed = ", ".join(map(str, numbers)) or "none"
        raise ValueError(f"has the layers {listed}, and does not say what stands between them")
    linear = [_linear(layers[prefixes[0], number], number) for number in numbers]
    if linear[0].out_features != linear[1].in_features:
        raise ValueError(
            f"has layer 0 with {linear[0].out_features} outputs, and layer 2 with "
            f"{linear[1].in_features} inputs"
        )
    return nn.Sequential(linear[0], nn.ReLU(), linear[1]).eval().requires_grad_(False)


def sizes_of(generator: nn.Sequential) -> tuple[int, int, int]:
    """Returns the widths of the noise, the hidden layer and the curves."""
    first, *_, last = [weight for weight in generator.parameters() if weight.ndim == 2]
    return first.shape[1], first.shape[0], last.shape[0]


def _linear(layer: Mapping[str, torch.Tensor], number: int) -> nn.Linear:
    weight, bias = layer.get("weight"), layer.get("bias")
    if weight is None or weight.ndim != 2 or (bias is not None and bias.shape != weight.shape[:1]):
        shapes = {part: list(tensor.shape) for part, tensor in layer.items()}
        raise ValueError(f"has in layer {number} {shapes}, which is not a Linear")
    linear = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    linear.load_state_dict(dict(layer))
    return linear
