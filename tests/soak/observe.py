"""The memory of a running server."""

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
    """The highest resident memory seen so far, in bytes."""

    bytes: int


@contextmanager
def peak_memory(server: RunningServer) -> Iterator[Peak]:
    """Yields the peak memory of `server`, which is updated until the `with` block ends."""
    peak, stop = Peak(resident(server)), threading.Event()

    def watch() -> None:
        while not stop.wait(0.1):
            peak.bytes = max(peak.bytes, resident(server))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        stop.set()
        watcher.join()
