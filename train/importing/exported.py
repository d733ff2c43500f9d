"""A given generator, exported and compared with what its file computes."""

from collections.abc import Sequence

import torch
from torch import nn

from curvegan.repository.description import (
    MODEL_NAMES,
    ModelName,
    default_inputs,
    model_specs,
)
from curvegan.repository.repository import ONNX, TORCHSCRIPT
from train.export import Export, export
from train.export.onnx_models import sampler_onnx, to_file
from train.export.parity import ExportedModel, check_parity, rows_to_compare
from train.export.sampler import Sampler
from train.export.torchscript import to_torchscript
from train.importing.given import Given

ORIGINAL = "the given file"


def export_given(given: Given, x_grid: Sequence[float]) -> Export:
    """Returns both models' files, all that can be made of what was given, and their parity.

    An nn.Sequential is exported as our own generators are. Else torch can't export the generator
    again, and there is no model.pt2; there is model.pt only of a generator in TorchScript.

    Raises ParityError if the files, loaded again, do not compute what the given one does.
    """
    inputs = default_inputs(given.n_noise)
    if given.graph is None:
        return export(given.generator, inputs, x_grid)
    specs = model_specs(inputs, given.n_points)
    modules: dict[ModelName, nn.Module] = {
        "generator": given.generator,
        "sampler": Sampler(given.generator, given.n_noise).eval(),
    }
    graphs = {"sampler": sampler_onnx(given.graph, given.n_noise), "generator": given.graph}
    rows = {name: rows_to_compare(specs[name]) for name in MODEL_NAMES}
    files: dict[ModelName, dict[str, bytes]] = {
        name: {ONNX: to_file(graphs[name], x_grid)} for name in MODEL_NAMES
    }
    if given.is_torchscript:
        for name in MODEL_NAMES:
            example = tuple(torch.from_numpy(values[:2]) for values in rows[name])
            files[name][TORCHSCRIPT] = to_torchscript(modules[name], example)
    parity = {
        name: check_parity(
            ExportedModel(specs[name], modules[name], files[name], rows[name], ORIGINAL)
        )
        for name in MODEL_NAMES
    }
    return Export(files, parity)
