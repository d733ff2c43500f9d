"""The folder that a run leaves: what was asked, how it went, and what came out of it.

runs/NAME/
  settings.json        the recipe with all its hyperparameters, the seed, the population
  data/                the curves of the user's table, if it learns one (train.data.table.contents)
  log.jsonl            a line for each report of the loop: step, d_real, score
  checkpoint.pt        all that the rest of the training depends on
  population.json      the quality of each GAN, and which one was exported
  export/              the exported files, their sums and description.json, without a version
  published.json       where it was published, under which version
  quality.json         how good its curves are (train.run.quality, which keeps held_out.npy too)
  *.gif, *.png         pictures, and TensorBoard's events if asked for
  search.json          in the folder of a search (train.search.records), whose best trial it becomes
"""

import shlex
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Self, get_args

import msgspec

from curvegan.errors import CurveganError, LockedError
from curvegan.files import ASIDE_NAMES, locked, replacing
from curvegan.repository.description import Description, ModelName
from curvegan.repository.manifest import sha256, to_json
from curvegan.repository.publish import publish
from curvegan.repository.repository import EXPORTED_PROGRAM, ONNX, TORCHSCRIPT
from train.gan.loop import Population, Report
from train.run import checkpoint
from train.run.checkpoint import Checkpoint
from train.run.documents import read_document
from train.run.history import History
from train.settings import Settings

SETTINGS = "settings.json"
DATA = "data"
LOG = "log.jsonl"
CHECKPOINT = "checkpoint.pt"
POPULATION = "population.json"
PUBLISHED = "published.json"
DESCRIPTION = "description.json"
SUMS = "sums.json"
SEARCH = "search.json"


def _exported(*names: str) -> set[str]:
    return {DESCRIPTION} | {f"{model}/{name}" for model in get_args(ModelName) for name in names}


_EXPORTED = _exported(ONNX, TORCHSCRIPT, EXPORTED_PROGRAM)
# What runs exported before there was EXPORTED_PROGRAM; they can still be published.
_EXPORTED_BEFORE = _exported(ONNX, TORCHSCRIPT)


@dataclass(frozen=True)
class Member:
    """One GAN of a population: its quality on held-out noise, and how its training ended.

    The numbers are None for a GAN that diverged.
    """

    seed: int
    quality: dict[str, float] | None
    d_real: float | None
    score: float | None
    exported: bool


@dataclass(frozen=True)
class Publication:
    """Where a run was published."""

    models: str
    version: int


class Run:
    """One run's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, runs: Path, settings: Settings, data: Path | None = None) -> Self:
        """Returns a run in a new folder below `runs`: TIME-RECIPE-SEED. It takes over the folder
        `data`, with a table that was read.

        Raises CurveganError if it can't be made.
        """
        try:
            runs.mkdir(parents=True, exist_ok=True)
            run = cls(_make_folder(runs, settings))
            if data:
                data.rename(run.data)
            run._replace(SETTINGS, to_json(settings))
        except OSError as error:
            raise CurveganError(
                f"can't write a run into {runs}: {error.strerror}; choose another folder with "
                "--runs"
            ) from error
        return run

    @property
    def resume_command(self) -> str:
        """The command that resumes it."""
        command = "train search" if self.is_search else "train"
        return f"python -m {command} --resume {shlex.quote(str(self.folder))}"

    @property
    def is_search(self) -> bool:
        """Whether it is the folder of a search."""
        return (self.folder / SEARCH).exists()

    @property
    def data(self) -> Path:
        """Where the curves of a user's table are kept."""
        return self.folder / DATA

    @property
    def settings(self) -> Settings:
        """What was asked. Raises CurveganError if the folder is not a run's."""
        settings = read_document(self.folder / SETTINGS, Settings)
        if settings is None:
            raise self._no_run()
        return settings

    @property
    def description(self) -> Description | None:
        """What came out of it, or None before the export."""
        return read_document(self.folder / f"export/{DESCRIPTION}", Description)

    @property
    def members(self) -> list[Member]:
        """The GANs of its population, empty before the export."""
        return read_document(self.folder / POPULATION, list[Member]) or []

    @property
    def publications(self) -> list[Publication]:
        """Where it was published, oldest first."""
        return read_document(self.folder / PUBLISHED, list[Publication]) or []

    @property
    def history(self) -> History:
        """The history in its checkpoint. Raises CurveganError if that can't be read."""
        return checkpoint.read(self.folder / CHECKPOINT).history

    @property
    def step(self) -> int:
        """The last step in its log."""
        try:
            # A run that was killed may have left part of a line.
            lines = (self.folder / LOG).read_bytes().split(b"\n")[:-1]
            return int(msgspec.json.decode(lines[-1])["step"]) if lines else 0
        except FileNotFoundError:
            return 0
        except (OSError, LookupError, TypeError, ValueError) as error:
            raise CurveganError(f"can't read {self.folder / LOG}: {error}") from error

    def become(self, settings: Settings, content: bytes | None) -> None:
        """Turns it into a run with other settings, which goes on from the checkpoint with that
        content, if any. Raises CurveganError if that can't be written."""
        with self.writing():
            if content:
                self._replace(CHECKPOINT, content)
            self._replace(SETTINGS, to_json(settings))

    def save_checkpoint(self, population: Population, history: History) -> None:
        """Replaces the run's checkpoint. Raises CurveganError if it can't be written."""
        with self.writing():
            self._replace(CHECKPOINT, checkpoint.to_bytes(population, history))

    def load_checkpoint(self, population: Population) -> Checkpoint | None:
        """Brings `population` to where the run was left and returns the checkpoint, or None for a
        run that has none yet.

        Raises CurveganError for a checkpoint that is damaged or of another training.
        """
        path = self.folder / CHECKPOINT
        return checkpoint.load(path, population) if path.exists() else None

    @contextmanager
    def log(self, before: Iterable[Report]) -> Iterator[Callable[[Report], None]]:
        """Yields a function that adds a report to the log, which starts with those `before`.

        Raises CurveganError, as does the function, if it can't be written.
        """
        with self.writing():
            self._replace(LOG, b"".join(map(_log_line, before)))
            file = (self.folder / LOG).open("ab", buffering=0)

        def add(report: Report) -> None:
            with self.writing():
                file.write(_log_line(report))

        with file:
            yield add

    def save_export(
        self,
        description: Description,
        files: dict[ModelName, dict[str, bytes]],
        members: list[Member],
    ) -> None:
        """Writes the exported files of both models, and what is known of them.

        Raises CurveganError if they can't be written.
        """
        with self.writing():
            contents = {
                f"{model}/{name}": content
                for model, model_files in files.items()
                for name, content in model_files.items()
            }
            contents[DESCRIPTION] = to_json(description)
            for model in files:
                (self.folder / "export" / model).mkdir(parents=True, exist_ok=True)
            for name, content in contents.items():
                self._replace(f"export/{name}", content)
            self._replace(POPULATION, to_json(members))
            sums = {name: sha256(content) for name, content in contents.items()}
            self._replace(f"export/{SUMS}", to_json(sums))

    def publish(self, models: Path) -> int:
        """Publishes the run's export into the repository `models` and returns its version.

        Raises CurveganError if the run has no complete export, RepositoryError if it can't be
        published.
        """
        description, files = self.load_export()
        before = self.publications
        version = publish(models, description, files["generator"], files["sampler"])
        with self.writing():
            self._replace(PUBLISHED, to_json([*before, Publication(str(models), version)]))
        return version

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps other processes from training the run meanwhile, and removes what a killed one
        left half-written. Raises CurveganError if another process is training it."""
        with ExitStack() as stack:
            try:
                stack.enter_context(locked(self.folder / SETTINGS, wait=False))
            except LockedError as error:
                raise CurveganError(f"{self.folder} is being trained by {error}") from None
            for stale in self.folder.rglob(ASIDE_NAMES):
                stale.unlink(missing_ok=True)
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Turns an OSError into a CurveganError that names the folder."""
        try:
            yield
        except OSError as error:
            raise CurveganError(
                f"can't write the run into {self.folder}: {error.strerror}; fix that, then "
                f"resume with: {self.resume_command}"
            ) from error

    def load_export(self) -> tuple[Description, dict[ModelName, dict[str, bytes]]]:
        """Returns what was exported, verified.

        Raises CurveganError if the folder is not a run's, or its export is not complete.
        """
        sums = read_document(self.folder / f"export/{SUMS}", dict[str, str])
        if sums is None:
            if read_document(self.folder / SETTINGS, Settings) is None:
                raise self._no_run()
            raise CurveganError(
                f"{str(self.folder)!r} has no complete export: resume it with {self.resume_command}"
            )
        for name, expected in sums.items():
            path = self.folder / "export" / name
            try:
                found = sha256(path.read_bytes())
            except OSError as error:
                raise CurveganError(f"can't read {path}: {error.strerror}") from error
            if found != expected:
                raise CurveganError(
                    f"{path} is damaged: its SHA-256 is not the one in {SUMS}; nothing was "
                    f"published, export it again with: {self.resume_command}"
                )
        description = self.description
        if description is None or set(sums) not in (_EXPORTED, _EXPORTED_BEFORE):
            raise CurveganError(
                f"{str(self.folder)!r} has no complete export: resume it with {self.resume_command}"
            )
        files: dict[ModelName, dict[str, bytes]] = {
            model: {
                name: (self.folder / "export" / model / name).read_bytes()
                for name in (ONNX, TORCHSCRIPT, EXPORTED_PROGRAM)
                if f"{model}/{name}" in sums
            }
            for model in get_args(ModelName)
        }
        return description, files

    def _no_run(self) -> CurveganError:
        return CurveganError(
            f"{str(self.folder)!r} is not a run: it has no {SETTINGS}; name a folder that "
            "`python -m train runs` lists"
        )

    def _replace(self, name: str, content: bytes) -> None:
        with replacing(self.folder / name) as aside:
            aside.write_bytes(content)


def _log_line(report: Report) -> bytes:
    """Returns a report as a line of the log; numbers that are not finite are null."""
    return msgspec.json.encode(report) + b"\n"


def _make_folder(runs: Path, settings: Settings) -> Path:
    time = datetime.now().strftime("%Y%m%d-%H%M%S")
    name = f"{time}-{settings.recipe_name}-{settings.seed}"
    for attempt in count():
        folder = runs / (f"{name}-{attempt}" if attempt else name)
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise AssertionError("unreachable")
