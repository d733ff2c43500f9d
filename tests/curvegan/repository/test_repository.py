"""The model repository: what is read is what was published, or a clear error."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from curvegan.errors import RepositoryError
from curvegan.repository.manifest import FORMAT, MANIFEST, to_json
from curvegan.repository.publish import publish
from curvegan.repository.repository import ONNX, Repository

FILES = [
    f"{model}/1/{name}"
    for model in ("generator", "sampler")
    for name in ("model.onnx", "model.pt", "model.pt2", "manifest.json")
]


def test_layout_is_the_one_that_triton_reads(published: Path):
    found = {str(path.relative_to(published)) for path in published.rglob("*") if path.is_file()}
    configs = {"generator/config.pbtxt", "sampler/config.pbtxt"}
    assert found == {*FILES, *configs, ".lock", ".last-version"}
    folders = {path.name for path in published.iterdir() if path.is_dir()}
    assert folders == {"generator", "sampler"}, "Triton takes any other folder for a model"


def test_config_states_the_shape_without_a_batch_dimension(published: Path):
    config = (published / "sampler" / "config.pbtxt").read_text()
    assert "max_batch_size: 0" in config
    assert "dims: [-1]" in config
    assert "dims: [-1, 15]" in config
    assert "dims: [-1, 5]" in (published / "generator" / "config.pbtxt").read_text()


def test_manifest_holds_what_the_design_asks_for(published: Path):
    manifest = json.loads((published / "sampler" / "1" / MANIFEST).read_text())
    assert manifest["format"] == FORMAT
    assert set(manifest["files"]) == {"model.onnx", "model.pt", "model.pt2"}
    description = manifest["description"]
    assert len(description["x_grid"]) == 15
    assert description["n_noise"] == 5
    assert description["training"]["recipe"] == "default"
    assert description["training"]["hyperparameters"]["steps"] == 120
    own = {"w1_a", "off_family_rmse", "in_bounds"}
    assert set(description["quality"]) == own | {"energy_distance", "sliced_w1"}
    assert set(description["parity"]) == {"generator", "sampler"}
    assert {"torch", "onnx", "onnxruntime"} <= set(description["libraries"])


def test_no_models_says_how_to_get_one(tmp_path: Path):
    with pytest.raises(RepositoryError, match=r"no model in .*python -m train"):
        Repository(tmp_path).newest()


def test_only_positive_numbers_are_versions(models: Path):
    for name in ("0", "-1", "01", "two", ".part-x", "²"):
        (models / "sampler" / name).mkdir()
    (models / "sampler" / "7").write_text("a file")
    assert Repository(models).versions() == [1]


def test_the_newest_is_the_highest_number_not_the_last_in_the_alphabet(models: Path):
    for number in ("9", "10"):
        (models / "sampler" / number).mkdir()
    assert Repository(models).newest() == 10


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(models: Path, name: str):
    (models / name).unlink()
    with pytest.raises(RepositoryError, match=rf"can't read .*{name}: No such file"):
        Repository(models).load(1)


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_named(models: Path, name: str):
    content = (models / name).read_bytes()
    (models / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(RepositoryError, match=name):
        Repository(models).load(1)


@pytest.mark.parametrize("name", FILES)
def test_a_file_with_one_bit_flipped_is_named(models: Path, name: str):
    content = bytearray((models / name).read_bytes())
    content[len(content) // 2] ^= 1
    (models / name).write_bytes(content)
    with pytest.raises(RepositoryError, match=name):
        Repository(models).load(1)


def test_a_manifest_edited_by_hand_is_refused(models: Path):
    path = models / "sampler" / "1" / MANIFEST
    path.write_text(path.read_text().replace('"w1_a": ', '"w1_a": 0'))
    with pytest.raises(RepositoryError, match=r"not a whole manifest|was altered"):
        Repository(models).load(1)
    fields = json.loads((models / "generator" / "1" / MANIFEST).read_text())
    fields["description"]["quality"]["w1_a"] = 0.0
    path.write_bytes(to_json(fields))
    with pytest.raises(RepositoryError, match="was altered"):
        Repository(models).load(1)


def test_a_manifest_of_a_newer_format_says_what_to_use(models: Path):
    path = models / "sampler" / "1" / MANIFEST
    path.write_text(path.read_text().replace(f'"format": {FORMAT}', f'"format": {FORMAT + 1}'))
    with pytest.raises(
        RepositoryError, match=rf"has format {FORMAT + 1}, .* reads format {FORMAT}"
    ):
        Repository(models).load(1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"null",
        b'{"format":' + b"[" * 10**5 + b"]" * 10**5 + b"}",
    ],
)
def test_what_is_no_manifest_is_refused(models: Path, content: bytes):
    (models / "sampler" / "1" / MANIFEST).write_bytes(content)
    with pytest.raises(RepositoryError, match=r"sampler/1/manifest\.json"):
        Repository(models).load(1)


@pytest.mark.parametrize("name", ["../../../secret", "a/b", "nul\0", ".", "", "/etc/passwd"])
def test_a_manifest_that_names_files_elsewhere_is_refused(models: Path, name: str):
    path = models / "sampler" / "1" / MANIFEST
    manifest = Repository(models).load(1).sampler_manifest
    path.write_bytes(replace(manifest, files={**manifest.files, name: "0" * 64}).to_json())
    with pytest.raises(RepositoryError, match="under plain names"):
        Repository(models).load(1)


def test_a_renamed_version_is_refused(models: Path):
    for model in ("generator", "sampler"):
        (models / model / "1").rename(models / model / "2")
    with pytest.raises(RepositoryError, match="is of sampler version 1"):
        Repository(models).load(2)


def test_a_generator_of_another_publication_is_refused(models: Path, published: Path):
    """Each folder is whole by itself; only the sampler's manifest tells that they don't belong."""
    description = Repository(published).load(1).sampler_manifest.description
    other = models.parent / "other"
    publish(other, description, {ONNX: b"another"}, {ONNX: b"another"})
    shutil.rmtree(models / "generator" / "1")
    shutil.copytree(other / "generator" / "1", models / "generator" / "1")
    with pytest.raises(RepositoryError, match=r"generator/1/manifest\.json is damaged"):
        Repository(models).load(1)
