"""Both models as ONNX: the generator as torch exports it, the sampler joined from two graphs."""

import contextlib
import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import onnx
import onnx.compose
import torch
from torch import nn

from curvegan.repository.description import ModelSpec
from train.export.seed_rule import IR_VERSION, OPSET, seed_rule_model

SEED_RULE = "philox2x32-10, box-muller in float64"


def generator_onnx(
    generator: nn.Module, spec: ModelSpec, example: tuple[torch.Tensor, ...]
) -> onnx.ModelProto:
    """Returns the model that `spec` describes; `example` is a batch of each of its inputs."""
    rows = torch.export.Dim("n")
    with _quiet():
        program = torch.onnx.export(
            generator,
            example,
            dynamo=True,
            input_names=[tensor.name for tensor in spec.inputs],
            output_names=[spec.output.name],
            dynamic_shapes=tuple({0: rows} for _ in example),
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    model.ir_version = IR_VERSION
    strip_metadata(model)
    return model


def sampler_onnx(generator: onnx.ModelProto, n_noise: int) -> onnx.ModelProto:
    """Returns the sampler: `generator` with the seed rule in front, so that seeds, int64 [n], take
    the place of its noise. The tensor between them is named `noise`.
    """
    model = onnx.compose.merge_models(
        seed_rule_model(n_noise), generator, io_map=[("noise", "noise")], name="sampler"
    )
    del model.opset_import[1:]  # Both graphs bring the same one along.
    return model


def to_file(model: onnx.ModelProto, x_grid: Sequence[float]) -> bytes:
    """Returns the file of `model`, checked, with the x grid and the seed rule in its metadata."""
    model.producer_name, model.producer_version = "curvegan", ""
    onnx.helper.set_model_props(model, {"x_grid": json.dumps(x_grid), "seed_rule": SEED_RULE})
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def strip_metadata(model: onnx.ModelProto) -> None:
    """Removes what torch notes down of where the model came from: stack traces and paths."""
    graph = model.graph
    del model.metadata_props[:]
    del graph.metadata_props[:]
    parts: list[Any] = [*graph.node, *graph.initializer]
    parts += [*graph.input, *graph.output, *graph.value_info]
    for part in parts:
        del part.metadata_props[:]
        part.doc_string = ""


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silences the exporter: it warns of libraries that this export does not need."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
