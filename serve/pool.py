"""The engine behind an event loop: small batches at once, large ones in threads."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from serve.arrays import Float32Array

# Up to here computing takes less time than handing the work to another thread and back.
_INLINE_ROWS = 1024


class ComputePool:
    """Runs computations without holding up the event loop for long; a thread a core."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="compute")

    async def run(self, rows: int, compute: Callable[[], Float32Array]) -> Float32Array:
        """Returns what `compute`, which makes `rows` curves, returns."""
        if rows <= _INLINE_ROWS:
            return compute()
        return await asyncio.get_running_loop().run_in_executor(self._threads, compute)
