"""Keeps the event loop awake between calls that follow each other at once.

To fall asleep and be woken again takes a thread 50 to 100 microseconds, several times what a call
of one seed takes to answer. A client that sends one call after the other would wait for that each
time.
"""

import asyncio
import time

from serve.calls import Call, Calls

# In seconds. What lies between a call's end and the next one's begin, if its client waits for each
# answer and asks again at once.
_MOMENT = 0.0005


class Awake:
    """Lets the loop look for the next call without a pause, for a moment after each call that
    itself came a moment after the one before.

    Where calls come at longer intervals nothing is spent, and while others are in flight the
    processor is theirs.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._loop = asyncio.get_running_loop()
        self._ended = 0.0
        self._until = 0.0
        self._is_turning = False

    def observe(self, call: Call) -> None:
        """Is told of every call that ended."""
        follows = call.began - self._ended < _MOMENT
        self._ended = call.ended
        if follows and not len(self._calls):
            self._until = call.ended + _MOMENT
            if not self._is_turning:
                self._is_turning = True
                self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        # The next call's parts come one by one, so it goes on for that one too.
        if time.perf_counter() < self._until and len(self._calls) <= 1:
            # A loop that has something to do asks for news without waiting for any.
            self._loop.call_soon(self._turn)
        else:
            self._is_turning = False
