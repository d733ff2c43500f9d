"""What workers tell their supervisor, each a line of JSON in a pipe."""

import msgspec


class Ready(msgspec.Struct, frozen=True, tag=True):
    """A worker takes calls; `version` is the newest that it has loaded."""

    worker: str
    version: int


class Refused(msgspec.Struct, frozen=True, tag=True):
    """A version could not be loaded."""

    version: int
    reason: str


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A worker ends because of something that the user can mend."""

    worker: str
    reason: str


Report = Ready | Refused | Failed
