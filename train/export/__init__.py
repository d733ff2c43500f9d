"""Exports a trained generator as files that run anywhere, and proves that they do."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from curvegan.repository.description import ModelName, default_inputs, model_specs
from curvegan.repository.repository import EXPORTED_PROGRAM, ONNX, TORCHSCRIPT
from train.export.exported_program import to_exported_program
from train.export.onnx_models import SEED_RULE, generator_onnx, sampler_onnx, to_file
from train.export.parity import (
    ExportedModel,
    ParityError,
    check_parity,
    noise_to_compare,
    seeds_to_compare,
)
from train.export.sampler import Sampler
from train.export.torchscript import to_torchscript

__all__ = ["SEED_RULE", "Export", "ParityError", "export"]


@dataclass(frozen=True)
class Export:
    """The exported files of each model by name, and each model's parity figures by runtime."""

    files: dict[ModelName, dict[str, bytes]]
    parity: dict[ModelName, dict[str, float]]


def export(generator: nn.Module, n_noise: int, x_grid: Sequence[float]) -> Export:
    """Exports `generator`, and the sampler made from it, as ONNX, TorchScript and
    torch.export's program.

    Raises ParityError if the files, loaded again, do not compute what torch computes.
    """
    generator = copy.deepcopy(generator).cpu().eval().requires_grad_(False)
    sampler = Sampler(generator, n_noise).eval()
    seeds, noise = seeds_to_compare(), noise_to_compare(n_noise)
    specs = model_specs(default_inputs(n_noise), len(x_grid))
    generator_graph = generator_onnx(generator, n_noise)
    sampler_graph = sampler_onnx(generator_graph, n_noise)
    files: dict[ModelName, dict[str, bytes]] = {
        "generator": {
            ONNX: to_file(generator_graph, x_grid),
            TORCHSCRIPT: to_torchscript(generator, torch.from_numpy(noise[:2])),
            EXPORTED_PROGRAM: to_exported_program(generator, torch.from_numpy(noise[:2])),
        },
        "sampler": {
            ONNX: to_file(sampler_graph, x_grid),
            TORCHSCRIPT: to_torchscript(sampler, torch.from_numpy(seeds[:2])),
            EXPORTED_PROGRAM: to_exported_program(sampler, torch.from_numpy(seeds[:2])),
        },
    }
    parity: dict[ModelName, dict[str, float]] = {
        "generator": check_parity(
            ExportedModel(specs["generator"], generator, files["generator"], noise)
        ),
        "sampler": check_parity(ExportedModel(specs["sampler"], sampler, files["sampler"], seeds)),
    }
    return Export(files, parity)
