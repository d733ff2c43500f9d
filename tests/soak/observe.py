"""How much memory a server takes while something is done to it."""

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from serve.process import RunningServer
from tests.commands import workers_of

MIB = 2**20


def resident(server: RunningServer) -> int:
    """Returns the resident memory of a server's processes in bytes."""
    return sum(map(resident_of, (server.process.pid, *workers_of(server))))


def resident_of(pid: int) -> int:
    """Returns the resident memory of a process in bytes."""
    (line,) = [
        line
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmRSS:")
    ]
    return 1024 * int(line.split()[1])


class Peak:
    """A context manager that finds the most memory a server takes: `bytes`."""

    def __init__(self, server: RunningServer) -> None:
        self.bytes = 0
        self._server = server
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            self.bytes = max(self.bytes, resident(self._server))
