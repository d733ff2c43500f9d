"""When a call that failed is repeated."""

import math
import random
import time
from dataclasses import dataclass, fields

import grpc

from curvegan.client.failures import Failure, ServiceError

# Seconds that a client goes on trying while no server has ever answered it: enough for one that is
# being started again, and short for somebody who mistyped an address.
_FIRST_CONTACT_SECONDS = 2.0


@dataclass(frozen=True)
class Retry:
    """For how long, and how often, a call is repeated.

    Every call is a pure function of its request, so that repeating it is safe. What is repeated is
    a call that no server could be reached for, whose connection broke, or that a server refused
    with a hint to come again (`google.rpc.RetryInfo`): one that is full or shuts down.

    `seconds` is how long after its first failure a call is still repeated, though never past its
    timeout. The first pause is of `first_pause` seconds, each further one twice as long, up to
    `longest_pause`, and none is shorter than the server's hint; each is then made longer by a
    random share of itself, up to `jitter`, so that clients do not come back all at once.

    Where the last repeat runs out of the call's timeout, the error is still about what it was
    repeated for.
    """

    seconds: float = 20.0
    first_pause: float = 0.05
    longest_pause: float = 1.0
    jitter: float = 0.5

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 <= value < math.inf:
                raise ValueError(f"{field.name} is {value}: give a finite number, not below 0")


class Attempts:
    """The attempts to get one answer until `until`.

    `waits_since` is when the last attempt began. Both are on the clock of `time.monotonic`.
    """

    def __init__(self, retry: Retry | None, until: float) -> None:
        """`retry` None is for a single attempt."""
        self._retry = retry
        self._began = self.waits_since = time.monotonic()
        self._until = until
        self._failures = 0
        self._first_failed = 0.0
        self._repeated: Failure | None = None

    def begin(self) -> float | None:
        """Begins an attempt. Returns how many seconds it may take, or None for no limit."""
        self.waits_since = time.monotonic()
        return None if self._until == math.inf else self._until - self.waits_since

    def taken(self) -> float:
        """Returns how many seconds all attempts have taken, to a tenth."""
        return round(time.monotonic() - self._began, 1)

    def pause_after(self, failure: Failure, *, is_met: bool) -> float | None:
        """Returns how many seconds to wait before the next attempt, or None to give up.

        `is_met` says whether a server has ever answered.
        """
        retry, now = self._retry, time.monotonic()
        if retry is None or not failure.may_pass:
            return None
        if not self._failures:
            self._first_failed = now
        pause: float = min(retry.first_pause * 2 ** min(self._failures, 32), retry.longest_pause)
        pause = max(pause, failure.hint or 0.0)
        pause *= 1 + retry.jitter * random.random()
        self._failures += 1
        seconds = retry.seconds if is_met else min(retry.seconds, _FIRST_CONTACT_SECONDS)
        until = min(self._until, self._first_failed + seconds)
        if now + pause >= until:
            return None
        self._repeated = failure
        return pause

    def error(self, failure: Failure) -> ServiceError:
        """Returns the error that tells the caller of `failure`, after which none is attempted.

        The last attempt may have begun with hardly any time left. That it ran out of it says less
        than why it was one more attempt, so that the error is about that.
        """
        before = self._repeated
        if before and failure.code is grpc.StatusCode.DEADLINE_EXCEEDED:
            message = f"{before.message}; asked again: {failure.message}"
            return ServiceError(before.code, message, before.field)
        return ServiceError(failure.code, failure.message, failure.field)
