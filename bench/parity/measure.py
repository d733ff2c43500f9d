"""What the process of a runtime does: read rows, make their curves, time it. Needs numpy alone.

Its arguments are MODEL, CURVES and SECONDS, and NAME, DATATYPE, SHAPE and ROWS of each of the
model's inputs. DATATYPE is INT64 or FP32, SHAPE is -1 or -1,WIDTH. ROWS holds such numbers, CURVES
is to hold float32 [n, n_points], all bare and little-endian. It prints the runtime's version and
the curves per second, as a line of JSON.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

# What is timed fits into a cache.
ROWS_A_BATCH = 1_000
DTYPES = {"INT64": np.int64, "FP32": np.float32}

# What makes curves of rows, of each input of a model.
Run = Callable[[Sequence[npt.NDArray[Any]]], npt.NDArray[np.float32]]


def measure(load: Callable[[Path, Sequence[str]], tuple[str, Run]]) -> None:
    """Does it all. `load` is given the model's file and its inputs' names, and returns the
    runtime's version and what makes curves of rows."""
    model, curves_file, seconds, *inputs = sys.argv[1:]
    version, run = load(Path(model), inputs[::4])
    rows = [_read(*inputs[at + 1 : at + 4]) for at in range(0, len(inputs), 4)]
    n_rows = len(rows[0])
    parts = [
        [numbers[first : first + ROWS_A_BATCH] for numbers in rows]
        for first in range(0, n_rows, ROWS_A_BATCH)
    ]
    np.concatenate([run(part) for part in parts]).tofile(curves_file)
    times: list[float] = []
    until = time.perf_counter() + float(seconds)
    while not times or time.perf_counter() < until:
        start = time.perf_counter()
        for part in parts:
            run(part)
        times.append(time.perf_counter() - start)
    per_second = n_rows / float(np.median(times))
    print(json.dumps({"version": version, "curves_per_second": per_second}))


def _read(datatype: str, shape: str, file: str) -> npt.NDArray[Any]:
    numbers: npt.NDArray[Any] = np.fromfile(file, DTYPES[datatype])
    return numbers.reshape([int(size) for size in shape.split(",")])
