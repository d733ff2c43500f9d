"""The model versions that are loaded: kept in step with the repository, and swapped in one go."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

import grpc
import numpy as np

from curvegan.engine import ROWS_PER_RUN, Engine
from curvegan.errors import RepositoryError
from curvegan.repository.repository import ModelVersion, Repository
from serve.calls.status import RequestError, invalid_argument
from serve.compute.settled import Settled

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loaded:
    """A version that is ready to answer. A request holds on to one from start to end."""

    number: int
    model: ModelVersion
    engine: Engine


@dataclass(frozen=True)
class _Refusal:
    """Why a version can't be loaded, and what its files looked like then."""

    files: tuple[object, ...]
    reason: str


class Versions:
    """The newest `keep` whole versions of a repository, or the one that is pinned.

    `refresh` follows what is published and deleted; everything else only reads. A version that
    can't be loaded is refused and, as long as its files stay as they are, not tried again;
    `on_refused` is called with the version and the reason. A version whose content differs from
    what `settled` has for its number is refused too, so that no two workers give different curves
    under one number.
    """

    def __init__(
        self,
        repository: Repository,
        settled: Settled,
        keep: int,
        pin: int | None,
        on_refused: Callable[[int, str], None],
    ) -> None:
        self._repository = repository
        self._settled = settled
        self._keep = keep
        self._pin = pin
        self._on_refused = on_refused
        self._loaded: dict[int, Loaded] = {}
        self._refused: dict[int, _Refusal] = {}
        # What the files of a loaded version looked like when its manifest was read last.
        self._checked: dict[int, tuple[object, ...]] = {}
        self._trouble = ""
        self._refreshing = threading.Lock()

    def refresh(self) -> None:
        """Brings what is loaded in step with the repository.

        Loads and warms beside what is served, then swaps. Where nothing can be loaded, what is
        served stays. If there never was anything, raises RepositoryError, or OSError if the
        system fails.
        """
        with self._refreshing:
            try:
                loaded = self._wanted()
            except (RepositoryError, OSError) as error:
                if not self._loaded:
                    raise
                self._report(str(error))
                return
            self._trouble = ""
            if not loaded:
                return
            if self._loaded and list(loaded) != list(self._loaded):
                logger.info("from now on %s served", _list(loaded))
            self._loaded = loaded

    def get(self, number: int) -> Loaded:
        """Returns the version `number`, or the newest loaded for 0.

        Raises RequestError for one that is not loaded: NOT_FOUND, or UNAVAILABLE for one that is
        about to be, or that this worker refuses and another had loaded before: another worker may
        have answered with it already. INVALID_ARGUMENT for a number below 0.
        """
        loaded = self._loaded
        if number == 0:
            return next(iter(loaded.values()))
        if number in loaded:
            return loaded[number]
        if number < 0:
            raise invalid_argument(
                "version", f"is {number}: give a version's number, or 0 for the newest"
            )
        if self._is_coming(number):
            raise _unavailable(f"{number} is being loaded: ask again")
        if number in self._refused and self._settled.holds(number):
            raise _unavailable(
                f"{number} can't be loaded any more, though another worker may have it: ask again"
            )
        raise RequestError(
            grpc.StatusCode.NOT_FOUND, "version", f"{number} is not served: {_list(loaded)}"
        )

    def numbers(self) -> list[int]:
        """Returns the numbers of the loaded versions, the newest first."""
        return list(self._loaded)

    def _is_coming(self, number: int) -> bool:
        """Returns whether a version that is not loaded has just been published."""
        return (
            self._pin is None
            and number > next(iter(self._loaded))
            and number not in self._refused
            and self._repository.holds(number)
        )

    def _wanted(self) -> dict[int, Loaded]:
        """Returns what is to be loaded, loaded; nothing if all of it is refused.

        Raises RepositoryError if there is nothing to load, or if nothing of it can be and there
        never was anything.
        """
        # Of an empty repository `newest` says best that it is.
        present = self._repository.versions() or [self._repository.newest()]
        if self._pin is not None:
            present = [number for number in present if number == self._pin]
            if not present:
                raise RepositoryError(
                    f"version {self._pin}, which --pin asks for, is not in {self._repository.root}"
                )
        loaded: dict[int, Loaded] = {}
        refused: dict[int, _Refusal] = {}
        for number in reversed(present):
            if len(loaded) == self._keep:
                break
            found = self._loaded.get(number) or self._load(number)
            if isinstance(found, Loaded):
                loaded[number] = found
            else:
                refused[number] = found
        for number in loaded.keys() & self._loaded.keys():
            if refusal := self._replacement(number):
                refused[number] = refusal
        for number, refusal in refused.items():
            before = self._refused.get(number)
            if before is None or refusal.reason != before.reason:
                self._on_refused(number, refusal.reason)
        self._refused = refused
        if not loaded and not self._loaded:
            raise RepositoryError(next(iter(refused.values())).reason)
        return loaded

    def _load(self, number: int) -> "Loaded | _Refusal":
        files = self._repository.fingerprint(number)
        before = self._refused.get(number)
        if before and before.files == files:
            return before
        try:
            model = self._repository.load(number)
            loaded = Loaded(number, model, Engine.of(model))
            _warm(loaded.engine)
        except RepositoryError as error:
            return _Refusal(files, str(error))
        # Only now, for what can't be served may be replaced under its number.
        found = model.sampler_manifest.self_sha256
        settled = self._settled.settle(number, found)
        return loaded if found == settled else self._other(number, files, found, settled)

    def _replacement(self, number: int) -> _Refusal | None:
        """Returns the refusal of what has taken the place of a version that is loaded."""
        files = self._repository.fingerprint(number)
        if files == self._checked.get(number):
            return self._refused.get(number)
        try:
            found = self._repository.sampler_manifest(number).self_sha256
        except RepositoryError:
            return None  # It is being deleted, say; what is loaded needs its files no more.
        self._checked[number] = files
        loaded = self._loaded[number].model.sampler_manifest.self_sha256
        return None if found == loaded else self._other(number, files, found, loaded)

    def _other(self, number: int, files: tuple[object, ...], found: str, expected: str) -> _Refusal:
        """Returns the refusal of what is not the version that its number stands for."""
        return _Refusal(
            files,
            f"{self._repository.root / 'sampler' / str(number)} is not the version {number} that "
            f"this server has loaded before (its manifest is {found[:12]}…, not {expected[:12]}…): "
            "a published version never changes; publish it under a new number, or restart the "
            "server",
        )

    def _report(self, trouble: str) -> None:
        """Logs a trouble when it begins, not each time that it is met."""
        if trouble != self._trouble:
            self._trouble = trouble
            logger.error("%s; %s served as before", trouble, _list(self._loaded))


def _warm(engine: Engine) -> None:
    """Runs both models once in each size that requests bring, so that none pays for the first.

    Raises RepositoryError if one can't compute, or not a curve a row.
    """
    for rows in (1, 2, ROWS_PER_RUN + 1):
        try:
            made = [
                engine.run(name, np.zeros([rows, *spec.inputs[0].shape[1:]], spec.inputs[0].dtype))
                for name, spec in engine.specs.items()
            ]
        except Exception as error:  # onnxruntime's exceptions have no base of their own
            reason = " ".join(str(error).split())
            raise RepositoryError(f"onnxruntime can't run the model: {reason}") from None
        if any(curves.shape != (rows, engine.n_points) for curves in made):
            raise RepositoryError("the model does not compute a curve a row: publish it anew")


def _unavailable(problem: str) -> RequestError:
    return RequestError(grpc.StatusCode.UNAVAILABLE, "version", problem, retry_after=0.1)


def _list(versions: dict[int, Loaded]) -> str:
    numbers = ", ".join(map(str, versions))
    return f"version {numbers} is" if len(versions) == 1 else f"versions {numbers} are"
