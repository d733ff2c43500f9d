"""SIGTERM and Ctrl-C, as events of the running loop."""

import asyncio
import signal

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """`asked` is set by the first signal, `asked_again` by the second."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.asked_again = asyncio.Event()
        for number in _SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._note)

    def ignore_more(self) -> None:
        """Ignores further signals until the process ends.

        A loop that closes gives signals their defaults back, and one in the last milliseconds
        would change the exit code.
        """
        for number in _SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)

    def _note(self) -> None:
        (self.asked_again if self.asked.is_set() else self.asked).set()
