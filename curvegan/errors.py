"""The errors that the commands print as one line."""

import signal


class CurveganError(Exception):
    """Something that the user can fix. Its text is one line: what was given or met, what was
    expected, and what to do. Commands print it and exit with 1."""


class RepositoryError(CurveganError):
    """The model repository on disk is missing, damaged, foreign, or can't be written."""


class UnsyncedError(CurveganError):
    """A file was written, but then its drive failed: a power cut may undo that."""


class LockedError(CurveganError):
    """Another process holds a lock; the text names it, as far as it is known, and what to do."""


class ServerError(CurveganError):
    """The server can't start."""


class Interrupted(CurveganError):  # noqa: N818  (named like KeyboardInterrupt)
    """Ctrl-C, or another signal, ended the work; the text says how far it came and what became of
    it."""

    def __init__(self, message: str, signal_number: int = signal.SIGINT) -> None:
        super().__init__(message)
        self.signal_number = signal_number
