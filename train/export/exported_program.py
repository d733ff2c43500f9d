"""Both models as programs of torch.export: PyTorch's own format, and TorchScript's successor."""

import io
import zipfile

import torch
from torch import nn

# What torch notes down of where a node came from: stack traces with paths, and modules.
_ORIGINS = ("stack_trace", "nn_module_stack", "torch_fn")


def to_exported_program(module: nn.Module, example: tuple[torch.Tensor, ...]) -> bytes:
    """Returns the file of `module` for any number of rows; `example` is a batch of each of its
    inputs."""
    rows = torch.export.Dim("n", min=0)
    shapes = tuple({0: rows} for _ in example)
    program = torch.export.export(module.eval(), example, dynamic_shapes=shapes)
    for node in program.graph.nodes:
        for origin in _ORIGINS:
            node.meta.pop(origin, None)
    file = io.BytesIO()
    torch.export.save(program, file)
    return _compressed(file)


def load_exported_program(content: bytes) -> nn.Module:
    """Returns the module of a file written by `to_exported_program`."""
    return torch.export.load(io.BytesIO(content)).module()


def _compressed(file: io.BytesIO) -> bytes:
    """Returns a program's file, a zip archive, compressed: the sampler's graph as JSON is long."""
    smaller = io.BytesIO()
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(smaller, "w") as target:
        for entry in source.infolist():
            info = zipfile.ZipInfo(entry.filename)
            target.writestr(info, source.read(entry), zipfile.ZIP_DEFLATED, compresslevel=9)
    return smaller.getvalue()
