"""Messages from workers to the supervisor, sent through a pipe as one line of JSON each."""

import msgspec


class Ready(msgspec.Struct, frozen=True, tag=True):
    """A worker is ready for calls; `version` is the newest version that it has loaded."""

    worker: str
    version: int


class Refused(msgspec.Struct, frozen=True, tag=True):
    """A version could not be loaded."""

    version: int
    reason: str


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A worker exits because of an error that the user can fix."""

    worker: str
    reason: str


WorkerMessage = Ready | Refused | Failed
