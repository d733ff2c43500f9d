"""A generator as it was given, and what is asked of it, whatever file it came in."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
import torch
from torch import nn

from curvegan.errors import CurveganError
from curvegan.repository.description import ImportedFile
from train.export.parity import noise_to_compare
from train.recipes import MAX_N_POINTS

# The kinds of files.
STATE_DICT, TORCHSCRIPT, ONNX = "state_dict", "TorchScript", "ONNX"

_ROWS_APART = 64
# Of the curves' spread: far above rounding, and far below what other rows do in a batch.
_NOTICEABLE = 1e-3

Compute = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Given:
    """A generator that was trained elsewhere, as its file says: noise, float32 [n, n_noise], to
    curves, float32 [n, n_points].

    `graph` is its ONNX graph, None for an nn.Sequential. `x_grid` is what the file itself says of
    x, if anything. `taken_as` says in words what was read.
    """

    file: ImportedFile
    generator: nn.Module
    n_noise: int
    n_points: int
    taken_as: str
    graph: onnx.ModelProto | None = None
    x_grid: list[float] | None = None

    @property
    def is_torchscript(self) -> bool:
        """Whether the generator is still a module of TorchScript."""
        return self.file.kind == TORCHSCRIPT and self.graph is not None


def checked_points(name: str, generator: Compute, n_noise: int) -> int:
    """Returns the number of points of a generator's curves.

    Raises CurveganError, naming the file `name`, for one that can't compute a curve of each row of
    noise, or whose curves are not finite, change from time to time, or depend on the other rows.
    """
    noise = torch.from_numpy(noise_to_compare(n_noise))
    whole = _curves(name, generator, noise)
    n_points = whole.shape[1]
    if not 2 <= n_points <= MAX_N_POINTS:
        raise CurveganError(f"{name} makes curves of {n_points} points: give 2 to {MAX_N_POINTS}")
    if not whole.isfinite().all():
        row = int(whole.isfinite().all(dim=1).byte().argmin())
        raise CurveganError(
            f"{name} makes curves that are not finite, as of the noise {noise[row].tolist()[:8]}: "
            "check its weights and give others"
        )
    if not torch.equal(_curves(name, generator, noise), whole):
        raise CurveganError(
            f"{name} gives another curve of the same noise each time, and a seed has to be one "
            "curve: call generator.eval() before you save it, for dropout and BatchNorm, and make "
            "random numbers that it draws itself part of its noise"
        )
    few = whole[:_ROWS_APART]
    spread = (whole.amax(dim=0) - whole.amin(dim=0)) * _NOTICEABLE + whole.abs().amax() * 1e-5
    for size in (2, 1):
        starts = range(0, _ROWS_APART, size)
        parts = [_curves(name, generator, noise[start : start + size]) for start in starts]
        apart = (torch.cat(parts) - few).abs()
        if not (apart <= spread).all():
            row, point = np.argwhere((apart > spread).numpy())[0]
            raise CurveganError(
                f"{name} gives another curve of the same noise when other rows stand in its batch "
                f"(row {row}, point {point}: {torch.cat(parts)[row, point]:.6g} in a batch of "
                f"{size}, {whole[row, point]:.6g} in one of {len(whole)}), as BatchNorm does in "
                "training mode: call generator.eval() before you save it"
            )
    return n_points


def reason(error: Exception) -> str:
    """Returns the last line of an error of torch or onnx, where torch says what went wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__


def _curves(name: str, generator: Compute, noise: torch.Tensor) -> torch.Tensor:
    """Returns the curves of `noise`, float32 [n, n_points]. Raises CurveganError."""
    given = f"noise, float32 {list(noise.shape)}"
    try:
        with torch.no_grad():
            curves = generator(noise)
    except Exception as error:  # the generator's own code may raise anything
        raise CurveganError(
            f"{name} can't compute curves of {given}: {reason(error)}; give a generator that takes "
            "any number of rows"
        ) from error
    if not isinstance(curves, torch.Tensor):
        raise CurveganError(
            f"{name} gives a {type(curves).__name__}, not a tensor: give a generator with one "
            "output, the curves"
        )
    if curves.ndim != 2 or len(curves) != len(noise) or curves.dtype != torch.float32:
        kind = str(curves.dtype).removeprefix("torch.")
        raise CurveganError(
            f"{name} makes {kind} {list(curves.shape)} of {given}: give a generator whose curves "
            f"are float32 [{len(noise)}, n_points]"
        )
    return curves
