"""Ctrl-C and SIGTERM in the project's commands: while they load, while they run, and held back.

Imports nothing that takes its time: `early_interrupt` comes before everything else.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType
from typing import Any, NoReturn

Handler = Callable[[int, FrameType | None], Any]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def end_quietly() -> None:
    """Lets Ctrl-C end the process at once and without a word, until `handle` is called.

    Python's own handler would raise KeyboardInterrupt somewhere inside the import of a library.
    """
    # A command that was started in the background ignores Ctrl-C, and must go on ignoring it.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def handle(clean_up: Callable[[], None] | None = None) -> None:
    """Makes Ctrl-C raise KeyboardInterrupt, and SIGTERM SystemExit with the code 143.

    With `clean_up`, both call that and end the process there and then instead. That is for a
    command whose libraries lose such exceptions, or never close after one.
    """
    interrupt: Handler = signal.default_int_handler
    terminate: Handler = _terminate
    if clean_up:
        interrupt = terminate = partial(_end_at_once, clean_up)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # as `end_quietly` left it
        signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, terminate)


def signal_of(error: KeyboardInterrupt | SystemExit) -> signal.Signals:
    """Returns the signal whose handler raised `error`."""
    return signal.SIGTERM if isinstance(error, SystemExit) else signal.SIGINT


class HeldInterrupt:
    """What was held back: `signal` is the one that came, or None."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None


@contextlib.contextmanager
def holding_interrupts() -> Iterator[HeldInterrupt]:
    """While the context lasts, the first signal is noted and the second acts as usual."""
    held = HeldInterrupt()
    # A command that was started in the background ignores Ctrl-C, and must go on ignoring it.
    before = {
        number: handler
        for number in _SIGNALS
        if (handler := signal.getsignal(number)) is not signal.SIG_IGN
    }

    def note(number: int, _frame: FrameType | None) -> None:
        held.signal = signal.Signals(number)
        give_back()

    def give_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    try:
        for number in before:
            signal.signal(number, note)
        yield held
    finally:
        give_back()


def _terminate(_signal_number: int, _frame: object) -> NoReturn:
    sys.exit(128 + signal.SIGTERM)


def _end_at_once(clean_up: Callable[[], None], signal_number: int, _frame: object) -> NoReturn:
    clean_up()
    if signal_number == signal.SIGINT:
        with contextlib.suppress(OSError):
            os.write(2, b"interrupted\n")
    os._exit(128 + signal_number)
