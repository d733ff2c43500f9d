"""How good a run's curves are, as it is kept in its folder.

quality.json           each measure: its value, its interval, and what the yardsticks score
held_out.npy           some of the real curves that generated ones were compared with, to draw them
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from curvegan.arrays import DAMAGED_ARRAY, Float32Array
from curvegan.errors import CurveganError
from curvegan.files import replacing
from curvegan.repository.manifest import to_json
from train.quality.judge import Judgement
from train.run.documents import read_document
from train.run.folder import Run

QUALITY = "quality.json"
HELD_OUT = "held_out.npy"


@dataclass(frozen=True)
class _Kept:
    """What is read again of QUALITY."""

    left_out: dict[str, str]


def save_quality(run: Run, judgement: Judgement) -> None:
    """Writes how good the run's curves are. Raises CurveganError if it can't be written."""
    with run.writing():
        with replacing(run.folder / QUALITY) as aside:
            aside.write_bytes(_to_json(judgement))
        with replacing(run.folder / HELD_OUT) as aside, aside.open("wb") as file:
            np.save(file, judgement.held_out, allow_pickle=False)


def load_left_out(run: Run) -> dict[str, str]:
    """Returns the measures that have no value, and why; none of a release that kept no file.

    Raises CurveganError if that can't be read.
    """
    kept = read_document(run.folder / QUALITY, _Kept)
    return kept.left_out if kept else {}


def load_held_out(run: Run) -> Float32Array | None:
    """Returns the real curves that are kept, float32 [n, n_points], or None of an earlier release.

    Raises CurveganError if they can't be read.
    """
    path = run.folder / HELD_OUT
    try:
        return np.asarray(np.load(path, allow_pickle=False), np.float32)
    except FileNotFoundError:
        return None
    except DAMAGED_ARRAY as error:
        raise CurveganError(f"can't read {path}: {error}") from error


def _to_json(judgement: Judgement) -> bytes:
    measures: dict[str, dict[str, Any]] = {
        measure.name: {
            "label": measure.label,
            "better": measure.better,
            "value": judgement.quality[measure.name],
            "low": measure.low,
            "high": measure.high,
            "real": measure.floor,
            "gaussian": measure.gaussian,
            "copies": measure.copies,
        }
        for measure in judgement.measures
    }
    return to_json(
        {
            "verdict": judgement.verdict,
            "measures": measures,
            "left_out": judgement.left_out,
        }
    )
