"""A generator in an ONNX file: read, and run as the file says."""

import json
from pathlib import Path
from typing import Any

import google.protobuf.message
import numpy as np
import onnx
import onnx.external_data_helper
import torch
from onnx import TensorProto
from torch import nn

from curvegan.engine import ort
from curvegan.errors import CurveganError
from train.export.seed_rule import OPSET
from train.importing.given import reason
from train.recipes import MAX_N_NOISE

# The domain of the standard's operators.
STANDARD = ("", "ai.onnx")


class OnnxModule(nn.Module):
    """The ONNX file `model` as a module, noise to curves, computed by onnxruntime.

    A file for batches of one size is run on as many rows at a time.
    """

    def __init__(self, model: onnx.ModelProto, name: str) -> None:
        """Raises CurveganError if onnxruntime can't load it."""
        super().__init__()
        self._input = noise_input(model, name)
        (self._batch, _) = _sizes(self._input)
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = ort.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's exceptions have no base of their own
            raise CurveganError(
                f"onnxruntime can't load {name}: {_said(error)}; export it again with "
                f"opset_version={OPSET}"
            ) from error

    def forward(self, noise: torch.Tensor) -> torch.Tensor:
        """Returns the curves of `noise`. Raises RuntimeError if onnxruntime can't."""
        size = self._batch or max(1, len(noise))
        starts = range(0, len(noise), size)
        parts = [self._run(noise[start : start + size].numpy(), size) for start in starts]
        return torch.from_numpy(np.concatenate(parts))

    def _run(self, noise: Any, size: int) -> Any:
        missing = size - len(noise) if self._batch else 0
        whole = np.pad(noise, ((0, missing), (0, 0)))
        try:
            curves = self._session.run(None, {self._input.name: whole})[0]
        except Exception as error:  # as above
            raise RuntimeError(f"onnxruntime fails, {_said(error)}") from error
        return curves[: len(noise)] if missing else curves


def read_onnx(content: bytes, path: Path) -> onnx.ModelProto:
    """Returns the model in an ONNX file with all its weights, also those in files beside it.

    Raises CurveganError if `content` is not ONNX, or the model is not valid.
    """
    try:
        model = onnx.load_from_string(content)
    except google.protobuf.message.DecodeError:
        model = onnx.ModelProto()
    if not (model.ir_version and model.graph.output):
        raise CurveganError(
            f"{path} is not a model: give a state_dict (torch.save or safetensors), a TorchScript "
            "file or ONNX, and copy it again if it is one, for it may be cut off"
        )
    newest = onnx.defs.onnx_opset_version()
    if opset_of(model) > newest:
        raise CurveganError(
            f"{path} is of opset {opset_of(model)}, and onnx {onnx.__version__} knows {newest}: "
            f"export it again with opset_version={OPSET}"
        )
    try:
        onnx.external_data_helper.load_external_data_for_model(model, str(path.parent))
    except (onnx.checker.ValidationError, ValueError, OSError) as error:
        raise CurveganError(
            f"can't read the weights of {path}: {first_line(error)}; put the file that was "
            "exported with it beside it"
        ) from error
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise CurveganError(
            f"{path} is not valid ONNX: {first_line(error)}; export it again"
        ) from error
    return model


def noise_input(model: onnx.ModelProto, name: str) -> onnx.ValueInfoProto:
    """Returns what the model takes. Raises CurveganError if that is not noise, or if the model
    takes or gives more than one tensor."""
    # Before IR version 4 a graph names its weights as inputs.
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    for values, what in ((inputs, "takes"), (list(model.graph.output), "gives")):
        if len(values) != 1:
            listed = ", ".join(map(_written, values)) or "nothing"
            raise CurveganError(
                f"{name} {what} {listed}: give a generator that takes noise alone, and gives "
                "curves alone"
            )
    (found,) = inputs
    is_float = found.type.tensor_type.elem_type == TensorProto.FLOAT
    if not is_float or len(_dims(found)) != 2 or not 1 <= _sizes(found)[1] <= MAX_N_NOISE:
        raise CurveganError(
            f"{name} takes {_written(found)}: give a generator that takes noise, float32 [n, "
            f"n_noise], whose n_noise is a number from 1 to {MAX_N_NOISE}"
        )
    return found


def n_noise_of(model: onnx.ModelProto, name: str) -> int:
    """Returns the numbers in a row of its noise. Raises CurveganError as `noise_input` does."""
    return _sizes(noise_input(model, name))[1]


def opset_of(model: onnx.ModelProto) -> int:
    """Returns the version of the standard operators that the model is written in."""
    versions = [of.version for of in model.opset_import if of.domain in STANDARD]
    return versions[0] if versions else OPSET


def x_grid_of(model: onnx.ModelProto, n_points: int) -> list[float] | None:
    """Returns the x grid that our own files carry, None if there is none of `n_points`."""
    for entry in model.metadata_props:
        if entry.key == "x_grid":
            try:
                values = np.array(json.loads(entry.value), np.float64)
            except (ArithmeticError, TypeError, ValueError, RecursionError):
                return None
            fits = values.shape == (n_points,) and np.isfinite(values).all()
            return values.tolist() if fits and (np.diff(values) > 0).all() else None
    return None


def first_line(error: Exception) -> str:
    """Returns where onnx says what is wrong."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip(".")


def _said(error: Exception) -> str:
    """Returns what onnxruntime says, without its codes and the place in its source."""
    return reason(error).rpartition(" : ")[2].partition(" Status Message")[0].rstrip(".")


def _dims(value: onnx.ValueInfoProto) -> list[Any]:
    return list(value.type.tensor_type.shape.dim)


def _sizes(value: onnx.ValueInfoProto) -> tuple[int, int]:
    """Returns the rows and the width of a tensor of two dimensions; 0 where there may be any."""
    rows, width = _dims(value)
    return rows.dim_value, width.dim_value


def _written(value: onnx.ValueInfoProto) -> str:
    kind = TensorProto.DataType.Name(value.type.tensor_type.elem_type).lower()
    dims = ", ".join(str(dim.dim_value or dim.dim_param or "?") for dim in _dims(value))
    return f"{value.name} ({kind} [{dims}])"
