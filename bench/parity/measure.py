"""What the process of a runtime does: read rows, make their curves, time it. Needs numpy alone.

Its arguments are MODEL, NAME, DATATYPE, SHAPE, ROWS, CURVES and SECONDS. NAME is that of the
model's input, DATATYPE is INT64 or FP32, SHAPE is -1 or -1,WIDTH. ROWS holds such numbers, CURVES
is to hold float32 [n, n_points], both bare and little-endian. It prints the runtime's version and
the curves per second, as a line of JSON.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

# What is timed fits into a cache.
ROWS_A_BATCH = 1_000
DTYPES = {"INT64": np.int64, "FP32": np.float32}

Run = Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]


def measure(load: Callable[[Path, str], tuple[str, Run]]) -> None:
    """Does it all. `load` is given the model's file and its input's name, and returns the
    runtime's version and what makes curves of rows."""
    model, name, datatype, shape, rows_file, curves_file, seconds = sys.argv[1:]
    version, run = load(Path(model), name)
    numbers: npt.NDArray[Any] = np.fromfile(rows_file, DTYPES[datatype])
    rows = numbers.reshape([int(size) for size in shape.split(",")])
    parts = [rows[first : first + ROWS_A_BATCH] for first in range(0, len(rows), ROWS_A_BATCH)]
    np.concatenate([run(part) for part in parts]).tofile(curves_file)
    times: list[float] = []
    until = time.perf_counter() + float(seconds)
    while not times or time.perf_counter() < until:
        start = time.perf_counter()
        for part in parts:
            run(part)
        times.append(time.perf_counter() - start)
    per_second = len(rows) / float(np.median(times))
    print(json.dumps({"version": version, "curves_per_second": per_second}))
