"""A generator in a TorchScript file."""

import contextlib
import io
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from curvegan.errors import CurveganError
from train.export.parity import noise_to_compare
from train.export.seed_rule import OPSET
from train.export.torchscript import load_torchscript
from train.importing.given import checked_points, reason
from train.importing.onnx_graph import to_generator_graph, with_standard_operators
from train.importing.state_dict import to_sequential


def read_torchscript(content: bytes, name: str) -> tuple[nn.Module, int, int]:
    """Returns the module in the TorchScript file `name`, in evaluation mode, and the sizes of its
    noise and its curves. One of the tutorial's shape is rebuilt as an nn.Sequential.

    Raises CurveganError if it is damaged, or is not a generator.
    """
    try:
        module = load_torchscript(content).eval()
    except RuntimeError as error:
        raise CurveganError(
            f"torch {torch.__version__} can't load {name}: {reason(error)}; save it again"
        ) from error
    for weight in module.parameters():
        weight.requires_grad_(False)
    weights = module.state_dict()
    n_noise = _width(name, module, weights)
    n_points = checked_points(name, module, n_noise)
    with contextlib.suppress(ValueError):
        rebuilt = to_sequential(weights)
        noise = torch.from_numpy(noise_to_compare(n_noise))
        if torch.allclose(rebuilt(noise), module(noise)):
            return rebuilt, n_noise, n_points
    return module, n_noise, n_points


def torchscript_graph(module: nn.Module, name: str, n_noise: int, n_points: int) -> onnx.ModelProto:
    """Returns the ONNX graph of a module of TorchScript, which torch's present exporter does not
    read: its former one does.

    Raises CurveganError if the exporter does not know one of its operators.
    """
    rows = {0: "n"}
    try:
        with tempfile.TemporaryDirectory() as folder, _quiet():
            file = Path(folder) / "model.onnx"
            torch.onnx.export(
                module,
                (torch.zeros(2, n_noise),),
                file,
                dynamo=False,
                input_names=["noise"],
                output_names=["curves"],
                dynamic_axes={"noise": rows, "curves": rows},
                opset_version=OPSET,
            )
            model = onnx.load(file)
    except (RuntimeError, ValueError, torch.onnx.errors.OnnxExporterError) as error:
        raise CurveganError(
            f"torch can't write {name} as ONNX: {reason(error)}; export the generator in Python "
            "with torch.onnx.export, and give that file"
        ) from error
    model = with_standard_operators(model, name)
    return to_generator_graph(model, name, n_noise, n_points)


def _width(name: str, module: nn.Module, weights: Mapping[str, torch.Tensor]) -> int:
    """Returns the size of the noise: what the first layer takes."""
    for tensor in weights.values():
        if tensor.is_floating_point() and tensor.dtype != torch.float32:
            kind = str(tensor.dtype).removeprefix("torch.")
            raise CurveganError(
                f"{name} has weights in {kind}: call generator.float() before you save it"
            )
    schema: Any = getattr(module.forward, "schema", None)
    arguments = [argument.name for argument in schema.arguments[1:]] if schema else []
    if len(arguments) != 1:
        listed = ", ".join(arguments) or "nothing"
        raise CurveganError(
            f"{name} takes {listed}: give a generator with one input, the noise, float32 "
            "[n, n_noise]"
        )
    matrices = [tensor for tensor in weights.values() if tensor.ndim == 2]
    if not matrices:
        raise CurveganError(
            f"{name} has no matrix of weights that would tell the size of its noise: save it "
            "before it is frozen, or as ONNX"
        )
    return matrices[0].shape[1]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silences the former exporter, which warns of its age, and prints what it can't export."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
