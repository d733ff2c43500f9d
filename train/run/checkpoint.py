"""Checkpoints: all that the rest of a training depends on, in one file that appears whole."""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from curvegan.errors import CurveganError
from curvegan.files import replacing
from train.gan.loop import Population
from train.run.history import History

FORMAT = 1

# What zipfile, torch and the look into the content raise for a file that is not whole.
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


def save(path: Path, population: Population, history: History) -> None:
    """Replaces the checkpoint at `path`, or leaves the old one as it is. Raises OSError."""
    content = io.BytesIO()
    state = {"format": FORMAT, "population": population.state(), "history": history.state()}
    torch.save(state, content)
    with replacing(path) as aside:
        aside.write_bytes(content.getbuffer())


def load(path: Path, population: Population) -> History:
    """Brings `population` to the state of the checkpoint at `path` and returns its history.

    Raises CurveganError if the file can't be read, is damaged, or of another training.
    """
    state, history = read(path)
    try:
        population.restore(state)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise CurveganError(
            f"{path} is a checkpoint of another training than the run's settings describe: "
            "restore both, or train anew"
        ) from error
    return history


def read(path: Path) -> tuple[dict[str, Any], History]:
    """Returns a population's state and the history from the checkpoint at `path`.

    Raises CurveganError if the file can't be read or is damaged.
    """
    damaged = CurveganError(f"{path} is damaged: delete it to train this run from its start")
    try:
        content = io.BytesIO(path.read_bytes())
        # Each part of the file has a checksum, which torch does not look at.
        if zipfile.ZipFile(content).testzip():
            raise damaged
        content.seek(0)
        state = torch.load(content, map_location="cpu", weights_only=True)
        if state["format"] != FORMAT:
            raise CurveganError(
                f"{path} has format {state['format']}, this program reads format {FORMAT}: "
                "use the release of curvegan that wrote it"
            )
        return state["population"], History.from_state(state["history"])
    except OSError as error:
        raise CurveganError(f"can't read {path}: {error.strerror}") from error
    except _DAMAGED as error:
        raise damaged from error
