"""Gives memory that a burst of large requests has left free back to the system.

By itself the C library keeps it, in pieces: after 256 requests of 1.4 MB at once, half a gigabyte
that the next requests could not use for theirs.
"""

import asyncio
import ctypes
from pathlib import Path

# Of the C libraries only glibc has it.
_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
# So much more than after the last time is worth it: what is given back has to be fetched again, and
# calls of a few rows would pay for that.
_GROWTH_PAGES = 1024
# Times that nothing is given back in a row.
_PATIENCE = 20


class FreeMemory:
    """The memory of this process that is free, and not yet given back."""

    def __init__(self) -> None:
        self._pages = 0
        self._skipped = 0

    async def give_back(self) -> None:
        """Gives back what is free if the process has grown by 4 MiB since the last time, and else
        each twentieth time: what is free now may have been in use then.

        In a thread, for it can take some tens of milliseconds.
        """
        self._skipped += 1
        has_grown = _resident_pages() > self._pages + _GROWTH_PAGES
        if _trim is None or not (has_grown or self._skipped > _PATIENCE):
            return
        self._skipped = 0
        await asyncio.to_thread(_trim, 0)
        self._pages = _resident_pages()


def _resident_pages() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1])
