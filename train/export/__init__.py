"""Exports a trained generator as files that run anywhere, and proves that they do."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from curvegan.repository.description import MODEL_NAMES, Inputs, ModelName, model_specs
from curvegan.repository.repository import EXPORTED_PROGRAM, ONNX, TORCHSCRIPT
from train.export.exported_program import to_exported_program
from train.export.onnx_models import SEED_RULE, generator_onnx, sampler_onnx, to_file
from train.export.parity import ExportedModel, ParityError, check_parity, rows_to_compare
from train.export.sampler import Sampler
from train.export.torchscript import to_torchscript

__all__ = ["SEED_RULE", "Export", "ParityError", "export"]


@dataclass(frozen=True)
class Export:
    """The exported files of each model by name, and each model's parity figures by runtime."""

    files: dict[ModelName, dict[str, bytes]]
    parity: dict[ModelName, dict[str, float]]


def export(
    generator: nn.Module, inputs: Inputs, x_grid: Sequence[float], n_labels: int = 0
) -> Export:
    """Exports `generator`, and the sampler made from it, as ONNX, TorchScript and
    torch.export's program.

    `inputs` are what both take: `default_inputs`, of as many labels. The generator maps noise,
    float32 [n, n_noise], to curves, float32 [n, n_points]; with labels, it also takes the class of
    each curve, int64 [n].

    Raises ParityError if the files, loaded again, do not compute what torch computes.
    """
    n_noise = inputs["generator"][0].width
    generator = copy.deepcopy(generator).cpu().eval().requires_grad_(False)
    eager: dict[ModelName, nn.Module] = {
        "generator": generator,
        "sampler": Sampler(generator, n_noise).eval(),
    }
    specs = model_specs(inputs, len(x_grid))
    rows = {name: rows_to_compare(specs[name], n_labels) for name in MODEL_NAMES}
    examples = {
        name: tuple(torch.from_numpy(values[:2]) for values in rows[name]) for name in MODEL_NAMES
    }
    onnx = generator_onnx(generator, specs["generator"], examples["generator"])
    graphs = {"generator": onnx, "sampler": sampler_onnx(onnx, n_noise)}
    files: dict[ModelName, dict[str, bytes]] = {
        name: {
            ONNX: to_file(graphs[name], x_grid),
            TORCHSCRIPT: to_torchscript(eager[name], examples[name]),
            EXPORTED_PROGRAM: to_exported_program(eager[name], examples[name]),
        }
        for name in MODEL_NAMES
    }
    parity = {
        name: check_parity(ExportedModel(specs[name], eager[name], files[name], rows[name]))
        for name in MODEL_NAMES
    }
    return Export(files, parity)
