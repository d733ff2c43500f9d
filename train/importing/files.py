"""Which kind of file a generator came in, and the generator in it."""

import io
import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import nn

from curvegan.errors import CurveganError
from curvegan.files import read_regular
from curvegan.repository.description import ImportedFile
from curvegan.repository.manifest import sha256
from train.importing.given import ONNX, STATE_DICT, TORCHSCRIPT, Given, checked_points, reason
from train.importing.onnx_file import OnnxModule, n_noise_of, opset_of, read_onnx, x_grid_of
from train.importing.onnx_graph import to_generator_graph, with_standard_operators
from train.importing.state_dict import EXPECTED, sizes_of, to_sequential
from train.importing.torchscript import read_torchscript, torchscript_graph

_PICKLE = b"\x80"  # How torch.save began before it wrote zip archives.
# What torch raises for a file of weights that is damaged.
_DAMAGED = (
    AttributeError,
    EOFError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)

# What zipfile raises for a damaged archive: parts that say they are encrypted (RuntimeError), or
# packed in an unknown way or so that they can't be unpacked (NotImplementedError, OSError).
_DAMAGED_ARCHIVE = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError)


def read(path: Path) -> Given:
    """Returns the generator in the file `path`, whatever its name ends in.

    Raises CurveganError if the file can't be read, is damaged, or holds something else. No Python
    object in it is ever unpickled.
    """
    try:
        content = read_regular(path)
    except OSError as error:
        raise CurveganError(f"can't read {path}: {error.strerror}; give a file") from error
    if not content:
        raise CurveganError(f"{path} is empty: give a file with a generator")
    if content.startswith(b"PK\x03\x04"):
        return _read_archive(content, path)
    if content[8:9] == b"{" and int.from_bytes(content[:8], "little") <= len(content):
        try:
            return _read_weights(safetensors.torch.load(content), content, path)
        except safetensors.SafetensorError as error:
            raise CurveganError(f"{path} is damaged: {error}; copy it again") from error
    if content.startswith(_PICKLE):
        return _read_weights(_unpickled(content, path), content, path)
    return _read_onnx(content, path)


def _read_archive(content: bytes, path: Path) -> Given:
    """Returns the generator in a zip archive, as torch writes them."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            # Each part of the file has a checksum, which torch does not look at.
            damaged = archive.testzip()
            names = {name.partition("/")[2] for name in archive.namelist()}
    except _DAMAGED_ARCHIVE:
        damaged, names = str(path), set()
    if damaged:
        raise CurveganError(f"{path} is damaged or cut off: copy it again")
    if "constants.pkl" in names:
        return _read_torchscript(content, path)
    if "data.pkl" in names:
        return _read_weights(_unpickled(content, path), content, path)
    kind = "a program of torch.export" if "archive_format" in names else "a zip archive"
    raise CurveganError(
        f"{path} is {kind}: give a state_dict (torch.save or safetensors), a TorchScript file or "
        "ONNX"
    )


def _unpickled(content: bytes, path: Path) -> Any:
    """Returns what torch.save wrote, if it is nothing but tensors and plain values."""
    try:
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CurveganError(
            f"{path} holds Python objects, which could run any code and are not loaded: save "
            "generator.state_dict(), TorchScript or ONNX"
        ) from error
    except _DAMAGED as error:
        raise CurveganError(f"{path} is damaged or cut off: {reason(error)}") from error


def _read_weights(weights: object, content: bytes, path: Path) -> Given:
    try:
        if not isinstance(weights, Mapping):
            raise ValueError(f"holds a {type(weights).__name__}")
        generator = to_sequential(weights)
    except ValueError as error:
        raise CurveganError(f"{path} {error}: {EXPECTED}") from error
    checked_points(str(path), generator, sizes_of(generator)[0])
    return _of_sequential(generator, _file(path, STATE_DICT, content))


def _read_torchscript(content: bytes, path: Path) -> Given:
    file = _file(path, TORCHSCRIPT, content)
    generator, n_noise, n_points = read_torchscript(content, str(path))
    if isinstance(generator, nn.Sequential):
        return _of_sequential(generator, file)
    graph = torchscript_graph(generator, str(path), n_noise, n_points)
    return Given(file, generator, n_noise, n_points, file.kind, graph)


def _read_onnx(content: bytes, path: Path) -> Given:
    name = str(path)
    model = read_onnx(content, path)
    n_noise = n_noise_of(model, name)
    standard = with_standard_operators(model, name)
    generator = OnnxModule(model, name)
    n_points = checked_points(name, generator, n_noise)
    graph = to_generator_graph(standard, name, n_noise, n_points)
    x_grid = x_grid_of(model, n_points)
    taken_as = f"ONNX of opset {opset_of(model)}"
    return Given(_file(path, ONNX, content), generator, n_noise, n_points, taken_as, graph, x_grid)


def _of_sequential(generator: nn.Sequential, file: ImportedFile) -> Given:
    n_noise, hidden, n_points = sizes_of(generator)
    layers = f"Linear({n_noise}, {hidden}), ReLU, Linear({hidden}, {n_points})"
    return Given(file, generator, n_noise, n_points, f"{file.kind} of {layers}")


def _file(path: Path, kind: str, content: bytes) -> ImportedFile:
    return ImportedFile(path.name, kind, sha256(content))
