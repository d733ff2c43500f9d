"""Publishes an exported model into the repository: whole or not at all, under a new number."""

import contextlib
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from curvegan.errors import LockedError, RepositoryError, UnsyncedError
from curvegan.files import ASIDE, ASIDE_NAMES, confirm, flush_file, flush_folder, locked, replacing
from curvegan.repository.description import Description, ModelName, ModelSpec, Specs, Tensor
from curvegan.repository.manifest import FORMAT, MANIFEST, Manifest, sha256
from curvegan.repository.repository import MAX_VERSION, ONNX, Repository, version_folders

CONFIG = "config.pbtxt"
# Files, not folders: Triton takes every folder beside the models for a model.
LOCK = ".lock"
LAST_VERSION = ".last-version"


def publish(
    root: Path,
    description: Description,
    generator: Mapping[str, bytes],
    sampler: Mapping[str, bytes],
) -> int:
    """Publishes the two models as the repository's next version and returns its number.

    `generator` and `sampler` map file names to contents. Each model's files are written aside in
    its own folder, flushed to the disk and renamed into place, the sampler last. A number is never
    used twice, also after its version was deleted. Two that publish at once take turns.

    Raises RepositoryError, and leaves nothing behind, if the folder can't be written, the disk is
    full, or the repository holds models of another shape or other classes; UnsyncedError if the
    version is published, but the drive failed afterwards.
    """
    version = 0
    try:
        root.mkdir(parents=True, exist_ok=True)
        with locked(root / LOCK, wait=True):
            check_shape(root, description.specs, description.family.labels)
            version = _take_number(root)
            _remove_orphans(root)
            generator_manifest = Manifest(
                FORMAT, "generator", version, _sums(generator), description
            ).to_json()
            sampler_manifest = Manifest(
                FORMAT, "sampler", version, _sums(sampler), description, sha256(generator_manifest)
            ).to_json()
            for model, config in _configs(description.specs).items():
                _write_config(root / model, config)
            try:
                with (
                    _aside(root / "generator", {**generator, MANIFEST: generator_manifest}) as one,
                    _aside(root / "sampler", {**sampler, MANIFEST: sampler_manifest}) as two,
                ):
                    _rename_both(
                        (one, root / "generator" / str(version)),
                        (two, root / "sampler" / str(version)),
                    )
            except KeyboardInterrupt:
                # It may have come too late.
                if not (root / "sampler" / str(version)).exists():
                    raise
            return version
    except LockedError as error:
        raise RepositoryError(
            f"can't publish into {root}, which is locked by {error}; nothing was published"
        ) from error
    except UnsyncedError as error:
        if (root / "sampler" / str(version)).exists():
            raise
        raise RepositoryError(f"can't publish: {error}; nothing was published") from error
    except OSError as error:
        raise RepositoryError(
            f"can't publish into {root}: {error.strerror} ({error.filename or 'while writing'}); "
            "nothing was published"
        ) from error


def check_shape(root: Path, specs: Specs, labels: Sequence[str] = ()) -> None:
    """Raises RepositoryError if the repository at `root` serves models with other tensors, or whose
    newest version has another class than `labels` at an index.

    A model's config.pbtxt states the tensors once for all its versions. Clients of the Open
    Inference Protocol name a class by its index, and follow the newest version: there may be
    classes more or fewer at the end, for then an index means the same or is refused.
    """
    for model, config in _configs(specs).items():
        path = root / model / CONFIG
        try:
            found = _dims(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise RepositoryError(f"can't read {path}: {error.strerror}") from error
        except ValueError as error:
            raise RepositoryError(f"{path} is not a model configuration: restore it") from error
        if found != _dims(config):
            raise RepositoryError(
                f"{path} describes a {model} of other dimensions ({_written(found)}) than this "
                f"one's ({_written(_dims(config))}): publish it into another folder with --models"
            )
    if labels:
        _check_labels(root, labels)


def _check_labels(root: Path, labels: Sequence[str]) -> None:
    repository = Repository(root)
    try:
        newest = repository.sampler_manifest(repository.newest()).description.family.labels
    except RepositoryError:
        return  # There is none, or none that can be served.
    for index, (before, now) in enumerate(zip(newest, labels, strict=False)):
        if before != now:
            raise RepositoryError(
                f"the newest version in {root} has the class {before[:40]!r} at index {index}, "
                f"this one {now[:40]!r}: clients that follow the newest would get curves of "
                "another class; publish it into another folder with --models"
            )


def _configs(specs: Specs) -> dict[ModelName, str]:
    """Returns each model's config.pbtxt, as Triton reads it."""
    return {name: _config(spec) for name, spec in specs.items()}


def _config(spec: ModelSpec) -> str:
    def tensors(tensors: list[Tensor]) -> str:
        return ",".join(
            f'\n  {{\n    name: "{tensor.name}"\n    data_type: TYPE_{tensor.datatype}\n'
            f"    dims: {tensor.shape}\n  }}"
            for tensor in tensors
        )

    # max_batch_size 0: the first dimension is ours, for a batch of seeds has no second one.
    return (
        f'name: "{spec.name}"\n'
        'backend: "onnxruntime"\n'
        f'default_model_filename: "{ONNX}"\n'
        "max_batch_size: 0\n"
        f"input [{tensors(spec.inputs)}\n]\n"
        f"output [{tensors([spec.output])}\n]\n"
    )


def _dims(config: str) -> list[list[int]]:
    found = re.findall(r"dims:\s*\[([-\d,\s]*)\]", config)
    return [[int(number) for number in dims.split(",")] for dims in found]


def _written(dims: list[list[int]]) -> str:
    *inputs, output = dims or [[]]
    labels = " with labels" if len(inputs) > 1 else ""
    return f"{', '.join(map(str, inputs))} -> {output}{labels}"


def _take_number(root: Path) -> int:
    """Returns a version number that was never used, and notes it down before it is used."""
    noted = root / LAST_VERSION
    text = noted.read_bytes() if noted.exists() else b"0"
    if not re.fullmatch(rb"\d{1,18}\s*", text):
        raise RepositoryError(
            f"{noted} holds {text[:40]!r}, not a number: write the highest version ever used"
        )
    used = [int(text), *version_folders(root / "sampler"), *version_folders(root / "generator")]
    number = max(used) + 1
    if number > MAX_VERSION:
        raise RepositoryError(f"{root} has used the last version number: publish elsewhere")
    with replacing(noted) as aside:
        aside.write_text(f"{number}\n", encoding="ascii")
    return number


def _remove_orphans(root: Path) -> None:
    """Removes generators without a sampler: of a publisher that was killed between the renames,
    or of a version whose sampler was deleted."""
    whole = version_folders(root / "sampler")
    for version in version_folders(root / "generator"):
        if version not in whole:
            shutil.rmtree(root / "generator" / str(version), ignore_errors=True)


def _write_config(folder: Path, config: str) -> None:
    path = folder / CONFIG
    folder.mkdir(exist_ok=True)
    if not path.exists():
        with replacing(path) as aside:
            aside.write_text(config, encoding="utf-8")


@contextlib.contextmanager
def _aside(model_folder: Path, files: Mapping[str, bytes]) -> Iterator[Path]:
    """Writes `files` into a new folder inside `model_folder`; removes it if it is still there."""
    for stale in model_folder.glob(ASIDE_NAMES):
        # Under the lock nobody else is writing: a publisher was killed.
        shutil.rmtree(stale, ignore_errors=True)
    folder = model_folder / f"{ASIDE}{secrets.token_hex(8)}"
    folder.mkdir()
    try:
        for name, content in files.items():
            (folder / name).write_bytes(content)
            flush_file(folder / name)
        flush_folder(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _rename_both(first: tuple[Path, Path], second: tuple[Path, Path]) -> None:
    """Renames `first`, then `second`, each from its first path to its other; both or neither."""
    try:
        first[0].rename(first[1])
        # On the disk before the sampler's name, which makes the version exist: a power cut must not
        # leave the sampler alone.
        flush_folder(first[1].parent)
        second[0].rename(second[1])
        confirm(second[1])
    except BaseException:
        # Ctrl-C may come between a rename and the next line: look rather than assume.
        if not second[1].exists():
            shutil.rmtree(first[1], ignore_errors=True)
        raise


def _sums(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: sha256(content) for name, content in files.items()}
