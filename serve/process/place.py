"""A worker's place: its process, and when the next one is to start."""

import signal
import time
from dataclasses import dataclass
from multiprocessing.process import BaseProcess

# Seconds before a worker that ended is started again: doubled each time, and the first again for
# one that had held for a while.
_FIRST_PAUSE, _LONGEST_PAUSE, _HELD = 0.1, 10.0, 10.0


@dataclass
class Place:
    """A worker's place: its process and since when it runs, or when the next one is to start;
    `pause` is the wait before the start after that.

    Times are seconds on the clock of `time.monotonic`.
    """

    name: str
    process: BaseProcess | None = None
    began: float = 0.0
    is_ready: bool = False
    begin_at: float = 0.0
    pause: float = _FIRST_PAUSE

    def emptied(self) -> None:
        """Notes that the worker ended, and when the next may begin."""
        now = time.monotonic()
        held = now - self.began >= _HELD
        if held:
            self.pause = _FIRST_PAUSE
        self.begin_at = now + self.pause
        self.pause = min(2 * self.pause, _LONGEST_PAUSE)
        self.process = None
        self.is_ready = False

    def how_it_ended(self) -> str:
        """Returns how the worker in this place ended, which has not been emptied yet."""
        code = (self.process and self.process.exitcode) or 0
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
