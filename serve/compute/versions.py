"""The loaded model versions: follows the repository and swaps versions atomically."""

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
from serve.compute.version_digests import VersionDigests

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Loaded:
    """A loaded version. A request uses the same one from start to end.

    `labels` are its classes, each at its index; none for a model without.
    """

    number: int
    model: ModelVersion
    engine: Engine
    labels: list[str]


@dataclass(frozen=True)
class _Refusal:
    """Why a version can't be loaded, and the fingerprint of its files at that time."""

    files: tuple[object, ...]
    reason: str


class Versions:
    """The newest `keep` complete versions of a repository, or the pinned version.

    `refresh` loads what was published and drops what was deleted; all other methods only read. A
    version that can't be loaded is refused: `on_refused` is called with its number and the reason,
    and it is not tried again until its files change. A version whose content differs from the
    digest in `digests` is refused too, so that all workers give the same curves for one number.
    """

    def __init__(
        self,
        repository: Repository,
        digests: VersionDigests,
        keep: int,
        pin: int | None,
        on_refused: Callable[[int, str], None],
    ) -> None:
        self._repository = repository
        self._digests = digests
        self._keep = keep
        self._pin = pin
        self._on_refused = on_refused
        self._loaded: dict[int, Loaded] = {}
        self._refused: dict[int, _Refusal] = {}
        # Fingerprints of the loaded versions' files when their manifests were last read.
        self._checked: dict[int, tuple[object, ...]] = {}
        self._last_error = ""
        self._refreshing = threading.Lock()

    def refresh(self) -> None:
        """Updates the loaded versions from the repository.

        Loads and warms up new versions while the old ones are served, then swaps. If that fails,
        keeps serving the old ones; on the first call, raises RepositoryError or OSError.
        """
        with self._refreshing:
            try:
                loaded = self._load_wanted()
            except (RepositoryError, OSError) as error:
                if not self._loaded:
                    raise
                self._log_error(str(error))
                return
            self._last_error = ""
            if not loaded:
                return
            if self._loaded and list(loaded) != list(self._loaded):
                logger.info("%s now served", _list(loaded))
            self._loaded = loaded

    def get(self, number: int) -> Loaded:
        """Returns the version `number`, or the newest for 0.

        Raises RequestError: NOT_FOUND for a version that is not loaded; UNAVAILABLE for one that is
        being loaded, or that only another worker still serves; INVALID_ARGUMENT below 0.
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
        if self._is_being_loaded(number):
            raise _unavailable(f"{number} is being loaded: retry")
        if number in self._refused and self._digests.has(number):
            raise _unavailable(
                f"{number} can't be loaded any more, but another worker may serve it: retry"
            )
        raise RequestError(
            grpc.StatusCode.NOT_FOUND, "version", f"{number} is not served: {_list(loaded)} served"
        )

    def numbers(self) -> list[int]:
        """Returns the numbers of the loaded versions, newest first."""
        return list(self._loaded)

    def _is_being_loaded(self, number: int) -> bool:
        """Returns whether a version has been published, but is not loaded yet."""
        return (
            self._pin is None
            and number > next(iter(self._loaded))
            and number not in self._refused
            and self._repository.holds(number)
        )

    def _load_wanted(self) -> dict[int, Loaded]:
        """Returns the versions to serve, loaded; empty if all of them are refused.

        Raises RepositoryError if there is no version, or if all are refused on the first call.
        """
        # `newest` raises the right error for an empty repository.
        present = self._repository.versions() or [self._repository.newest()]
        if self._pin is not None:
            present = [number for number in present if number == self._pin]
            if not present:
                raise RepositoryError(
                    f"version {self._pin}, given by --pin, is not in {self._repository.root}"
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
            if refusal := self._refuse_replacement(number):
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
            loaded = Loaded(number, model, Engine.of(model), model.description.family.labels)
            _warm(loaded.engine)
        except RepositoryError as error:
            return _Refusal(files, str(error))
        # Recorded last, because a version that can't be served may still be replaced.
        found = model.sampler_manifest.self_sha256
        recorded = self._digests.record(number, found)
        return loaded if found == recorded else self._changed(number, files, found, recorded)

    def _refuse_replacement(self, number: int) -> _Refusal | None:
        """Returns a refusal if the files of a loaded version were replaced by other content."""
        files = self._repository.fingerprint(number)
        if files == self._checked.get(number):
            return self._refused.get(number)
        try:
            found = self._repository.sampler_manifest(number).self_sha256
        except RepositoryError:
            return None  # It may be being deleted. A loaded version does not need its files.
        self._checked[number] = files
        loaded = self._loaded[number].model.sampler_manifest.self_sha256
        return None if found == loaded else self._changed(number, files, found, loaded)

    def _changed(
        self, number: int, files: tuple[object, ...], found: str, expected: str
    ) -> _Refusal:
        """Returns the refusal of a version whose content has changed."""
        return _Refusal(
            files,
            f"{self._repository.root / 'sampler' / str(number)} is not the version {number} that "
            f"this server loaded before (its manifest is {found[:12]}…, not {expected[:12]}…): "
            "a published version must not change; publish it under a new number, or restart the "
            "server",
        )

    def _log_error(self, error: str) -> None:
        """Logs an error, but not again on every refresh."""
        if error != self._last_error:
            self._last_error = error
            logger.error("%s; %s still served", error, _list(self._loaded))


def _warm(engine: Engine) -> None:
    """Runs both models once for each size of run, so that the first request is not slow.

    Raises RepositoryError if a model fails, or does not return one curve per row.
    """
    for rows in (1, 2, ROWS_PER_RUN + 1):
        try:
            made = [
                engine.run(
                    name,
                    tuple(np.zeros([rows, *of.shape[1:]], of.dtype) for of in spec.inputs),
                )
                for name, spec in engine.specs.items()
            ]
        except Exception as error:  # onnxruntime's exceptions have no base of their own
            reason = " ".join(str(error).split())
            raise RepositoryError(f"onnxruntime can't run the model: {reason}") from None
        if any(curves.shape != (rows, engine.n_points) for curves in made):
            raise RepositoryError("the model does not compute one curve per row: publish it again")


def _unavailable(problem: str) -> RequestError:
    return RequestError(grpc.StatusCode.UNAVAILABLE, "version", problem, retry_after=0.1)


def _list(versions: dict[int, Loaded]) -> str:
    numbers = ", ".join(map(str, versions))
    return f"version {numbers} is" if len(versions) == 1 else f"versions {numbers} are"
