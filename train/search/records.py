"""What the folder of a search keeps of its trials.

Beside the files of a run (`train.run.folder`), which are those of the best trial in the end:

  search.json          the settings of each trial
  trials/NUMBER.json   how well the trial did after each part of its training
  trials/NUMBER.pt     its checkpoint
  trials.json          what became of each trial, once the search is done
  search.png           all of them, as a picture
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from curvegan.errors import CurveganError
from curvegan.files import replacing
from curvegan.repository.manifest import to_json
from train.run.documents import read_document
from train.run.folder import SEARCH
from train.settings import Settings

TRIALS, RESULTS = "trials", "trials.json"

# Trained to the end, or why not.
State = Literal["whole", "stopped", "diverged", "failed"]


@dataclass(frozen=True)
class Point:
    """How far the best GAN of a trial is from the real curves after `steps`; None if no GAN of it
    makes finite curves."""

    steps: int
    score: float | None


@dataclass(frozen=True)
class TrialResult:
    """What became of a trial, which changed `changes` of the recipe, and why if it `failed`."""

    number: int
    seed: int
    changes: dict[str, float | int | str]
    points: list[Point]
    state: State
    problem: str = ""

    @property
    def steps(self) -> int:
        """How far it was trained."""
        return self.points[-1].steps if self.points else 0

    @property
    def score(self) -> float | None:
        """Its last score."""
        return self.points[-1].score if self.points else None


class Records:
    """The folder of a search.

    On a cluster it is an actor on the command's machine: no other needs to reach the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def trials(self) -> list[Settings]:
        """What each trial is asked to be."""
        return read_document(self._folder / SEARCH, list[Settings]) or []

    def begin(self, trials: list[Settings]) -> None:
        """Writes down what each trial is asked to be."""
        self._write(SEARCH, to_json(trials))

    @property
    def results(self) -> list[TrialResult]:
        """What became of each trial; nothing before the search is done."""
        return read_document(self._folder / RESULTS, list[TrialResult]) or []

    def finish(self, results: list[TrialResult]) -> None:
        """Writes down what became of each trial."""
        self._write(RESULTS, to_json(results))

    def points(self, number: int) -> list[Point]:
        """Returns how well a trial did so far."""
        return read_document(self._folder / f"{TRIALS}/{number}.json", list[Point]) or []

    def checkpoint(self, number: int) -> bytes | None:
        """Returns a trial's checkpoint, None of one that has none."""
        path = self._folder / TRIALS / f"{number}.pt"
        return path.read_bytes() if path.exists() else None

    def save(self, number: int, points: list[Point], checkpoint: bytes) -> None:
        """Writes down how well a trial did so far, and its checkpoint, from which it goes on."""
        # In this order: points without their checkpoint could not be gone on from.
        self._write(f"{TRIALS}/{number}.pt", checkpoint)
        self._write(f"{TRIALS}/{number}.json", to_json(points))

    def _write(self, name: str, content: bytes) -> None:
        path = self._folder / name
        try:
            path.parent.mkdir(exist_ok=True)
            with replacing(path) as aside:
                aside.write_bytes(content)
        except OSError as error:
            raise CurveganError(f"can't write {path}: {error.strerror}") from error
