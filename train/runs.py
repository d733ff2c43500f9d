"""The folder that a run leaves: what was asked, how it went, and what came out of it.

runs/NAME/
  settings.json        the recipe with all its hyperparameters, and the seed
  log.jsonl            a line for each report of the loop: step, d_real, score
  export/              the exported files and description.json, before they have a version
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import get_args

import msgspec

from serve.errors import CurveganError
from serve.manifest import Description, ModelName, sha256, to_json
from serve.publish import publish
from serve.repository import ONNX, TORCHSCRIPT
from train.loop import Report
from train.recipes import Settings

DESCRIPTION = "description.json"
SUMS = "sums.json"


class Run:
    """One run's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def create(cls, runs: Path, settings: Settings) -> "Run":
        """Returns a run in a new folder below `runs`: TIME-RECIPE-SEED.

        Raises CurveganError if it can't be made.
        """
        with _naming(runs):
            return cls(cls._make_folder(runs, settings))

    @staticmethod
    def _make_folder(runs: Path, settings: Settings) -> Path:
        time = datetime.now().strftime("%Y%m%d-%H%M%S")
        name = f"{time}-{settings.recipe_name}-{settings.seed}"
        runs.mkdir(parents=True, exist_ok=True)
        for attempt in count():
            folder = runs / (f"{name}-{attempt}" if attempt else name)
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            break
        (folder / "settings.json").write_bytes(to_json(settings))
        return folder

    def log(self, reports: Iterable[Report]) -> Iterator[Report]:
        """Passes `reports` on, each written down as a line of log.jsonl.

        Raises CurveganError if it can't be written.
        """
        with _naming(self.folder), (self.folder / "log.jsonl").open("wb", buffering=0) as file:
            for report in reports:
                file.write(msgspec.json.encode(report) + b"\n")
                yield report

    def save_export(
        self, description: Description, files: dict[ModelName, dict[str, bytes]]
    ) -> None:
        """Writes the exported files of both models, and what is known of them.

        Raises CurveganError if they can't be written.
        """
        with _naming(self.folder):
            for model, contents in files.items():
                (self._export / model).mkdir(parents=True, exist_ok=True)
                for name, content in contents.items():
                    (self._export / model / name).write_bytes(content)
            sums = {
                model: {name: sha256(content) for name, content in contents.items()}
                for model, contents in files.items()
            }
            (self._export / SUMS).write_bytes(to_json(sums))
            (self._export / DESCRIPTION).write_bytes(to_json(description))

    def publish(self, models: Path) -> int:
        """Publishes the run's export into the repository `models` and returns its version.

        Raises CurveganError if the run has no export, RepositoryError if it can't be published.
        """
        try:
            content = (self._export / DESCRIPTION).read_bytes()
            description = msgspec.json.decode(content, type=Description)
            files = {
                model: {
                    name: (self._export / model / name).read_bytes() for name in (ONNX, TORCHSCRIPT)
                }
                for model in get_args(ModelName)
            }
            sums = msgspec.json.decode(
                (self._export / SUMS).read_bytes(), type=dict[str, dict[str, str]]
            )
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            raise CurveganError(f"{str(self.folder)!r} holds no whole export: {error}") from error
        for model, contents in files.items():
            for name, content in contents.items():
                if sha256(content) != sums.get(model, {}).get(name):
                    raise CurveganError(
                        f"{self._export / model / name} is damaged: its SHA-256 is not the one "
                        f"in {SUMS}; nothing was published, train again"
                    )
        return publish(models, description, files["generator"], files["sampler"])

    @property
    def _export(self) -> Path:
        return self.folder / "export"


@contextmanager
def _naming(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CurveganError(
            f"can't write the run into {folder}: {error.strerror}; nothing was published, "
            "choose another folder with --runs"
        ) from error
