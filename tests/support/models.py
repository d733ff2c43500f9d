"""More versions of a trained model, made without training."""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import onnx
from onnx import numpy_helper

from curvegan.engine import Engine
from curvegan.repository.description import ModelName
from curvegan.repository.manifest import MANIFEST, sha256, to_json
from curvegan.repository.publish import LAST_VERSION, publish
from curvegan.repository.repository import ONNX, TORCHSCRIPT, Repository

Files = dict[ModelName, dict[str, bytes]]


def raised(models: Path, by: float) -> Files:
    """Returns the files of version 1 with `by` added to all curves."""
    return {
        cast(ModelName, model): {
            ONNX: _raised((models / model / "1" / ONNX).read_bytes(), by),
            TORCHSCRIPT: (models / model / "1" / TORCHSCRIPT).read_bytes(),
        }
        for model in ("generator", "sampler")
    }


def publish_files(models: Path, files: Files) -> int:
    """Publishes files as the next version of `models`, with the description of version 1."""
    description = Repository(models).load(1).sampler_manifest.description
    return publish(models, description, files["generator"], files["sampler"])


def publish_raised(models: Path, by: float) -> int:
    """Publishes version 1 with `by` added to all curves. Returns the new version."""
    return publish_files(models, raised(models, by))


def publish_as(models: Path, version: int, like: Path, by: float) -> None:
    """Replaces the version of `models` by version 1 of `like` with `by` added to all curves."""
    description = Repository(like).load(1).sampler_manifest.description
    files = raised(like, by)
    with tempfile.TemporaryDirectory(dir=models.resolve().parent) as name:
        elsewhere = Path(name)
        (elsewhere / LAST_VERSION).write_text(str(version - 1))
        assert publish(elsewhere, description, files["generator"], files["sampler"]) == version
        put_in_place(elsewhere, models, version)


def put_in_place(elsewhere: Path, models: Path, version: int) -> None:
    """Moves a version from one repository to another, and replaces the one that is there."""
    for model in ("generator", "sampler"):
        shutil.rmtree(models / model / str(version), ignore_errors=True)
        (elsewhere / model / str(version)).rename(models / model / str(version))


def rewrite(models: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Rewrites version 1 of `models` with a description that is changed, as if published so."""
    seal = ""
    for model in ("generator", "sampler"):
        path = models / model / "1" / MANIFEST
        manifest = json.loads(path.read_text())
        change(manifest["description"])
        manifest["generator_manifest_sha256"], manifest["self_sha256"] = seal, ""
        manifest["self_sha256"] = sha256(to_json(manifest))
        path.write_bytes(to_json(manifest))
        seal = sha256(path.read_bytes())


def describe_as_before(models: Path) -> None:
    """Rewrites version 1 of `models` as it was when a description had no inputs, no measures and
    no parameters of its family."""

    def change(description: dict[str, Any]) -> None:
        del description["inputs"], description["measures"], description["family"]["parameters"]

    rewrite(models, change)


def point(link: Path, models: Path) -> None:
    """Points `link` to a repository atomically, like git-sync and Kubernetes."""
    temporary = link.with_name(".link")
    temporary.symlink_to(models)
    temporary.replace(link)


def delete(models: Path, version: int) -> None:
    for model in ("generator", "sampler"):
        shutil.rmtree(models / model / str(version))


def damage(path: Path) -> None:
    """Changes one byte of a file atomically."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    replace_file(path, bytes(content))


def replace_file(path: Path, content: bytes) -> None:
    temporary = path.with_name(".temporary")
    temporary.write_bytes(content)
    temporary.rename(path)


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
