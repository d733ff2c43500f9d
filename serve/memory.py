"""Gives memory that a burst of large requests has left free back to the system.

By itself the C library keeps it, in pieces: after 256 requests of 1.4 MB at once, half a gigabyte
that the next requests could not use for theirs.
"""

import asyncio
import ctypes

# Of the C libraries only glibc has it.
_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)


async def give_back() -> None:
    """Gives back what is free; in a thread, for it can take some tens of milliseconds."""
    if _trim is not None:
        await asyncio.to_thread(_trim, 0)
