"""Parity: the exported files, loaded again, must give the curves that torch gives.

Every runtime sees the same rows, at several batch sizes and one by one. Between runtimes a point
may differ by TOLERANCE of what the curves span there, and by what float32 can't resolve at their
level; in onnxruntime, the runtime that serves, a row must have the same bytes at every batch size.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import onnx
import torch
from onnx.reference import ReferenceEvaluator
from torch import nn

from curvegan.arrays import Float32Array, Float64Array, Int64Array
from curvegan.engine import Rows, ort
from curvegan.errors import CurveganError
from curvegan.repository.description import ModelSpec
from curvegan.repository.repository import EXPORTED_PROGRAM, ONNX, TORCHSCRIPT
from train.export.exported_program import load_exported_program
from train.export.torchscript import load_torchscript

TOLERANCE = 1e-5
# Of the largest |y|: two units in the last place, or four.
RESOLUTION = 4 * float(np.finfo(np.float32).eps)
BATCH_SIZES = (1, 2, 1_000, 5_000)
# Rows that each runtime but onnxruntime also computes one by one; onnxruntime does all.
ROWS_ALONE = 200
EXTREME_SEEDS = (0, 1, -1, 2**63 - 1, -(2**63))

Run = Callable[[Rows], Float32Array]


class ParityError(CurveganError):
    """The exported files do not compute what torch computes."""


@dataclass(frozen=True)
class ExportedModel:
    """A model in torch and the files it was exported to, at least ONNX; `rows` are what to compare
    on, `original` is what computes `eager`."""

    spec: ModelSpec
    eager: nn.Module
    files: Mapping[str, bytes]
    rows: Rows
    original: str = "torch eager"

    @property
    def name(self) -> str:
        """The model's name."""
        return self.spec.name

    def row(self, number: int) -> str:
        """Returns a row of what it takes, in words."""
        given = zip(self.spec.inputs, self.rows, strict=True)
        return ", ".join(f"{tensor.name} {values[number].tolist()}" for tensor, values in given)


def check_parity(model: ExportedModel) -> dict[str, float]:
    """Returns each runtime's largest absolute difference from the original, torch eager.

    Raises ParityError, saying which runtime differs, on which row and by how much.
    """
    expected = _run_torch(model.eager, model.rows)
    if not np.isfinite(expected).all():
        raise ParityError(
            f"the {model.name} makes curves that are not finite: nothing was published; "
            "train it with smaller learning rates"
        )
    allowed = allowed_differences(expected)
    figures = {}
    for runtime, run in _runtimes(model):
        differences = [
            _compare(
                model,
                runtime,
                expected[rows],
                np.concatenate([run(part) for part in parts]),
                allowed,
            )
            for rows, parts in _batches(model.rows, ROWS_ALONE)
        ]
        figures[runtime] = max(differences)
    _check_bytes(model, partial(_run_onnx, _session(model), model.spec))
    return figures


def allowed_differences(curves: Float32Array | Float64Array) -> Float64Array:
    """Returns how far runtimes may differ at each point of `curves`, [n, n_points]: float64
    [n_points].

    Relative to what the curves span there, whatever their level and their units, for all that a
    generator computes may be on that scale. What is finer than float32 at that level is allowed.
    """
    span: Float64Array = np.ptp(curves.astype(np.float64), axis=0)
    level: Float64Array = np.abs(curves.astype(np.float64)).max(axis=0)
    return TOLERANCE * span + RESOLUTION * level


def rows_to_compare(spec: ModelSpec, n_labels: int = 0) -> Rows:
    """Returns max(BATCH_SIZES) rows for each of a model's inputs: seeds or noise, and, of a model
    with labels, each of the `n_labels` classes in turn."""
    first = spec.inputs[0]
    rows = seeds_to_compare() if spec.name == "sampler" else noise_to_compare(first.width)
    if len(spec.inputs) == 1:
        return (rows,)
    return rows, np.arange(len(rows)) % n_labels


def seeds_to_compare() -> Int64Array:
    """Returns the extreme seeds, then random ones: int64 [max(BATCH_SIZES)]."""
    limits = np.iinfo(np.int64)
    random = np.random.default_rng(0).integers(
        limits.min, limits.max, max(BATCH_SIZES), np.int64, endpoint=True
    )
    random[: len(EXTREME_SEEDS)] = EXTREME_SEEDS
    return random


def noise_to_compare(n_noise: int) -> Float32Array:
    """Returns standard normal noise whose first rows are all 0, 6 and -6: float32
    [max(BATCH_SIZES), n_noise]."""
    noise = np.random.default_rng(0).standard_normal((max(BATCH_SIZES), n_noise), np.float32)
    noise[:3] = np.array([[0], [6], [-6]])
    return noise


def _runtimes(model: ExportedModel) -> Iterator[tuple[str, Run]]:
    yield model.original, partial(_run_torch, model.eager)
    if TORCHSCRIPT in model.files:
        yield "torchscript", partial(_run_torch, load_torchscript(model.files[TORCHSCRIPT]))
    if EXPORTED_PROGRAM in model.files:
        program = load_exported_program(model.files[EXPORTED_PROGRAM])
        yield "torch.export", partial(_run_torch, program)
    yield "onnxruntime", partial(_run_onnx, _session(model), model.spec)
    reference = ReferenceEvaluator(onnx.load_from_string(model.files[ONNX]))
    yield "onnx reference", partial(_run_onnx, reference, model.spec)


def _batches(rows: Rows, n_alone: int) -> Iterator[tuple[slice, list[Rows]]]:
    """Yields rows, and how they are cut into batches: whole ones, then one row at a time."""
    for size in BATCH_SIZES:
        yield slice(size), [_cut(rows, 0, size)]
    yield slice(n_alone), [_cut(rows, row, row + 1) for row in range(n_alone)]


def _cut(rows: Rows, start: int, stop: int) -> Rows:
    return tuple(values[start:stop] for values in rows)


def _compare(
    model: ExportedModel,
    runtime: str,
    expected: Float32Array,
    found: Float32Array,
    allowed: Float64Array,
) -> float:
    differences = np.abs(found.astype(np.float64) - expected)
    # Asked this way round because a NaN compares as false with everything, and must fail.
    if not (differences <= allowed).all():
        row, point = np.argwhere(~(differences <= allowed))[0]
        raise ParityError(
            f"the {model.name} in {runtime} differs from {model.original}: at {model.row(row)}, "
            f"point {point}, it gives {found[row, point]:.9g}, not {expected[row, point]:.9g} "
            f"(allowed: {allowed[point]:.2g}); nothing was published"
        )
    return float(differences.max())


def _check_bytes(model: ExportedModel, run: Run) -> None:
    whole = run(model.rows)
    for rows, parts in _batches(model.rows, len(whole)):
        found = np.concatenate([run(part) for part in parts])
        same = (found.view(np.uint32) == whole[rows].view(np.uint32)).all(axis=1)
        if not same.all():
            row = int(np.argmin(same))
            raise ParityError(
                f"the {model.name} in onnxruntime gives other bytes in a batch of "
                f"{len(parts[0][0])} than in one of {len(whole)}: at {model.row(row)}; nothing was "
                "published"
            )


def _run_torch(module: Callable[..., torch.Tensor], rows: Rows) -> Float32Array:
    with torch.no_grad():
        curves: Float32Array = module(*map(torch.from_numpy, rows)).numpy()
    return curves


def _run_onnx(session: Any, spec: ModelSpec, rows: Rows) -> Float32Array:
    """Runs an onnxruntime session, or onnx's reference evaluator: both have the same method."""
    given = {tensor.name: values for tensor, values in zip(spec.inputs, rows, strict=True)}
    curves: Float32Array = session.run(None, given)[0]
    return curves


def _session(model: ExportedModel) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(model.files[ONNX], options, providers=["CPUExecutionProvider"])
