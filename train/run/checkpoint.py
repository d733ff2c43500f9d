"""Checkpoints: all that the rest of a training depends on, in one file that appears whole."""

import io
import pickle
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from curvegan.errors import CurveganError
from train.gan.loop import Population
from train.run.history import History
from train.run.machine import machine

FORMAT = 1

# What zipfile, torch and reading the content raise for a damaged file.
_DAMAGED = (
    zipfile.BadZipFile,
    pickle.UnpicklingError,
    AttributeError,
    EOFError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds: the state of a population, the history until then, and the `machine`
    that computed it, which is empty in a checkpoint of a release that did not note it down."""

    population: dict[str, Any]
    history: History
    machine: dict[str, str]


def to_bytes(population: Population, history: History) -> bytes:
    """Returns the content of a checkpoint."""
    content = io.BytesIO()
    state = {
        "format": FORMAT,
        "population": population.state(),
        "history": history.state(),
        "machine": machine(population.device),
    }
    torch.save(state, content)
    return content.getvalue()


def load(path: Path, population: Population) -> Checkpoint:
    """Brings `population` to the state of the checkpoint at `path` and returns the checkpoint.

    Raises CurveganError if the file can't be read, is damaged, or of another training.
    """
    checkpoint = read(path)
    try:
        population.restore(checkpoint.population)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise CurveganError(
            f"{path} is a checkpoint of another training than the run's settings describe: "
            "restore both, or start a new training"
        ) from error
    return checkpoint


def read(path: Path) -> Checkpoint:
    """Returns the checkpoint at `path`.

    Raises CurveganError if the file can't be read or is damaged.
    """
    try:
        return from_bytes(path.read_bytes(), path)
    except OSError as error:
        raise CurveganError(f"can't read {path}: {error.strerror}") from error


def from_bytes(content: bytes, path: Path) -> Checkpoint:
    """Returns the checkpoint that is the content of the file `path`.

    Raises CurveganError if it is damaged.
    """
    damaged = CurveganError(f"{path} is damaged: delete it to train this run from its start")
    file = io.BytesIO(content)
    try:
        # Each part of the file has a checksum, which torch does not look at.
        if zipfile.ZipFile(file).testzip():
            raise damaged
        file.seek(0)
        state = torch.load(file, map_location="cpu", weights_only=True)
        if state["format"] != FORMAT:
            raise CurveganError(
                f"{path} has format {state['format']}, this program reads format {FORMAT}: "
                "use the release of curvegan that wrote it"
            )
        history = History.from_state(state["history"])
        return Checkpoint(state["population"], history, dict(state.get("machine", {})))
    except _DAMAGED as error:
        raise damaged from error
