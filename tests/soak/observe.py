"""How much memory a server takes while something is done to it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from serve.running import RunningServer
from tests.support.commands import workers_of

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


@dataclass
class Peak:
    """The most resident memory that was seen, in bytes."""

    bytes: int = 0


@contextmanager
def peak_memory(server: RunningServer) -> Iterator[Peak]:
    """Yields the most memory that `server` has taken, which grows while it is looked at."""
    peak, over = Peak(), threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            peak.bytes = max(peak.bytes, resident(server))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()
