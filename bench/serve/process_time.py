"""The processor time of a server: of its process and of all that descend from it."""

import contextlib
import os
import threading
import time
from pathlib import Path
from typing import Self

import numpy as np


class ProcessorTime:
    """The processor time that a tree of processes uses meanwhile, noted ten times a second.

    It comes from the kernel's counts, which move in steps of 10 ms.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._moments: list[float] = []
        self._seconds: list[float] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._note)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def between(self, start: float, end: float) -> float:
        """Returns the seconds used between two moments, which are `time.time()`'s."""
        before, after = np.interp((start, end), self._moments, self._seconds)
        return float(after - before)

    def _note(self) -> None:
        is_over = False
        while not is_over:
            is_over = self._ended.wait(0.1 if self._moments else 0)
            seconds = processor_seconds(self._pid)
            self._moments.append(time.time())
            self._seconds.append(seconds)


def processor_seconds(pid: int) -> float:
    """Returns the processor time, user's and system's, that a tree of processes has used so far."""
    # The name may hold blanks; what follows it does not.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    # Children are listed with the thread that started them.
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # It has just ended.
                seconds += processor_seconds(int(child))
    return seconds
