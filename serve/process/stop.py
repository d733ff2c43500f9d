"""What ends a worker: SIGTERM, or its supervisor's end. As events of the running loop."""

import asyncio
import signal


class Stop:
    """`asked` is set by the first signal, `asked_again` by the second."""

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
