"""Both models as TorchScript, which Triton and libtorch load.

Upstream has deprecated `torch.jit` since 2.11; every use of it stands here.
"""

import io
import warnings
import zipfile

import torch
from torch import nn


def to_torchscript(module: nn.Module, example: tuple[torch.Tensor, ...]) -> bytes:
    """Returns the file of `module` traced on `example`, a batch of each of its inputs."""
    buffer = io.BytesIO()
    module = module.eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        if not isinstance(module, torch.jit.ScriptModule):  # As one that is imported may be.
            module = torch.jit.trace(module, example)  # type: ignore[no-untyped-call]
        torch.jit.save(module, buffer)
    return _without_source_ranges(buffer)


def load_torchscript(content: bytes) -> nn.Module:
    """Returns the module of a file written by `to_torchscript`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        module: nn.Module = torch.jit.load(io.BytesIO(content), map_location="cpu")  # type: ignore[no-untyped-call]
        return module


def _without_source_ranges(file: io.BytesIO) -> bytes:
    """Returns a TorchScript file, a zip archive, without the paths of the source it came from."""
    stripped = io.BytesIO()
    with zipfile.ZipFile(file) as source, zipfile.ZipFile(stripped, "w") as target:
        for entry in source.infolist():
            if not entry.filename.endswith(".debug_pkl"):
                target.writestr(zipfile.ZipInfo(entry.filename), source.read(entry))
    return stripped.getvalue()
