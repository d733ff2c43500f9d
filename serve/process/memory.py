"""Returns free heap memory to the system after a burst of large requests.

The C library keeps freed memory, in fragments: after 256 concurrent requests of 1.4 MB, half a
gigabyte that later requests could not use.
"""

import asyncio
import ctypes
from pathlib import Path

# Only glibc has malloc_trim.
_malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
# Memory that was returned must be allocated again, which would slow down small calls.
_MIN_GROWTH_PAGES = 1024
# Trim anyway after this many skipped times.
_MAX_SKIPPED = 20


class HeapTrimmer:
    """Trims the heap of this process, but only when that is likely to free memory."""

    def __init__(self) -> None:
        self._pages = 0
        self._skipped = 0

    async def trim(self) -> None:
        """Trims the heap if the process has grown by 4 MiB since the last time, and otherwise every
        20th time, because memory that was in use may have been freed since.

        Runs in a thread, because it can take tens of milliseconds.
        """
        self._skipped += 1
        has_grown = _resident_pages() > self._pages + _MIN_GROWTH_PAGES
        if _malloc_trim is None or not (has_grown or self._skipped > _MAX_SKIPPED):
            return
        self._skipped = 0
        await asyncio.to_thread(_malloc_trim, 0)
        self._pages = _resident_pages()


def _resident_pages() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1])
