"""Further versions of a trained model, made without training."""

import shutil
from pathlib import Path
from typing import cast

import numpy as np
import onnx
from onnx import numpy_helper

from serve.engine import Engine
from serve.manifest import ModelName
from serve.publish import publish
from serve.repository import ONNX, TORCHSCRIPT, Repository

Files = dict[ModelName, dict[str, bytes]]


def raised(models: Path, by: float) -> Files:
    """Returns the files of version 1, but all of its curves lie higher."""
    return {
        cast(ModelName, model): {
            ONNX: _raised((models / model / "1" / ONNX).read_bytes(), by),
            TORCHSCRIPT: (models / model / "1" / TORCHSCRIPT).read_bytes(),
        }
        for model in ("generator", "sampler")
    }


def publish_files(models: Path, files: Files) -> int:
    """Publishes files as the next version of `models`, described like version 1."""
    description = Repository(models).load(1).sampler_manifest.description
    return publish(models, description, files["generator"], files["sampler"])


def publish_raised(models: Path, by: float) -> int:
    """Publishes version 1 anew, but all of its curves lie higher. Returns the new version."""
    return publish_files(models, raised(models, by))


def delete(models: Path, version: int) -> None:
    for model in ("generator", "sampler"):
        shutil.rmtree(models / model / str(version))


def damage(path: Path) -> None:
    """Changes one byte of a file, in one go."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    replace_file(path, bytes(content))


def replace_file(path: Path, content: bytes) -> None:
    aside = path.with_name(".aside")
    aside.write_bytes(content)
    aside.rename(path)


def curves_of(models: Path, version: int, seeds: range) -> bytes:
    """Returns the bytes of a version's curves, as the engine computes them."""
    engine = Engine.of(Repository(models).load(version))
    return engine.curves_from_seeds(np.array(seeds)).tobytes()


def _raised(content: bytes, by: float) -> bytes:
    model = onnx.load_from_string(content)
    (bias,) = [weight for weight in model.graph.initializer if weight.name == "2.bias"]
    higher = numpy_helper.to_array(bias) + np.float32(by)
    bias.CopyFrom(numpy_helper.from_array(higher, "2.bias"))
    return model.SerializeToString()
