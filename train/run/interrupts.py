"""Ctrl-C and SIGTERM, held back until a training has finished what it is doing."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass
class Stop:
    """Whether a training is to stop: `asked` is the signal that came, or None."""

    asked: signal.Signals | None = None


@contextmanager
def holding_interrupts() -> Iterator[Stop]:
    """While the context lasts, the first signal is noted and the second acts as usual."""
    stop = Stop()
    # A command that was started in the background ignores Ctrl-C, and shall go on so.
    before = {
        number: handler
        for number in _SIGNALS
        if (handler := signal.getsignal(number)) is not signal.SIG_IGN
    }

    def note(number: int, _frame: FrameType | None) -> None:
        stop.asked = signal.Signals(number)
        give_back()

    def give_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    try:
        for number in before:
            signal.signal(number, note)
        yield stop
    finally:
        give_back()
