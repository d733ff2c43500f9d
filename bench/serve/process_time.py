"""The CPU time of a server: of its process and all descendants."""

import contextlib
import os
import threading
import time
from pathlib import Path
from typing import Self

import numpy as np


class ProcessorTime:
    """Records the CPU time of a process tree ten times per second, with the kernel's resolution of
    10 ms."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._moments: list[float] = []
        self._seconds: list[float] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._record)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def between(self, start: float, end: float) -> float:
        """Returns the CPU seconds used between two times, which are values of `time.time()`."""
        before, after = np.interp((start, end), self._moments, self._seconds)
        return float(after - before)

    def _record(self) -> None:
        has_ended = False
        while not has_ended:
            has_ended = self._ended.wait(0.1 if self._moments else 0)
            seconds = processor_seconds(self._pid)
            self._moments.append(time.time())
            self._seconds.append(seconds)


def processor_seconds(pid: int) -> float:
    """Returns the CPU time, user and system, of a process tree in seconds."""
    # The process name, in parentheses, may contain spaces.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    # Children are listed by the thread that started them.
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            with contextlib.suppress(
                FileNotFoundError, ProcessLookupError
            ):  # The process may just have ended.
                seconds += processor_seconds(int(child))
    return seconds
