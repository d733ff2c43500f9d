"""Signals in a server's processes.

The supervisor hears SIGTERM and SIGINT and sends its workers SIGTERM. A worker hears that, and
nothing else, as events of its running loop; no library in it has handlers of its own.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextlib.contextmanager
def heard() -> Iterator[int]:
    """In the supervisor: yields a pipe that gets a byte for every SIGTERM and SIGINT."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    for number in _SIGNALS:
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    try:
        yield readable
    finally:
        signal.set_wakeup_fd(-1)
        # Not the defaults: one more signal in the last milliseconds would change the exit code.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        os.close(readable)
        os.close(writable)


@contextlib.contextmanager
def blocked() -> Iterator[None]:
    """In the supervisor, around a fork: holds signals back, so that none meets the new process
    before it has called `become_worker`."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def become_worker() -> None:
    """In a forked process: gives back what `heard` and `blocked` changed in the supervisor."""
    # Ctrl-C reaches every process of a terminal; the supervisor decides what to do.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


class StopRequest:
    """In a worker: what asks it to end, SIGTERM or its supervisor's end.

    `asked` is set by the first signal, `asked_again` by the second.
    """

    def __init__(self, lifeline: int) -> None:
        """`lifeline` is a pipe whose other end the supervisor holds for as long as it lives."""
        self.asked = asyncio.Event()
        self.asked_again = asyncio.Event()
        self._lifeline = lifeline
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._note)
        loop.add_reader(lifeline, self._orphaned)

    def ignore_more(self) -> None:
        """Ignores further signals until the process ends.

        A loop that closes gives signals their defaults back, and one in the last milliseconds
        would change the exit code.
        """
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._lifeline)
        loop.remove_signal_handler(signal.SIGTERM)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def _note(self) -> None:
        (self.asked_again if self.asked.is_set() else self.asked).set()

    def _orphaned(self) -> None:
        asyncio.get_running_loop().remove_reader(self._lifeline)
        self.asked.set()


class WithoutHandlers:
    """Mixed into `uvicorn.Server`: takes away the handlers that it would set."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Does nothing."""
        yield
