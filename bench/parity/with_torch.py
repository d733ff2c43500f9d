"""torch in Python, by one of the two exports.

With TorchScript it needs torch and numpy alone, so that an old torch can run it.
"""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from bench.parity.measure import Run, measure


def load(form: str, path: Path, _names: Sequence[str]) -> tuple[str, Run]:
    """Loads a file of the export `form`."""
    torch.set_num_threads(1)
    if form == "torch.export":
        from train.export.exported_program import load_exported_program

        module = load_exported_program(path.read_bytes())
    else:
        module = torch.jit.load(path)  # type: ignore[no-untyped-call]

    def run(rows: Sequence[npt.NDArray[Any]]) -> npt.NDArray[np.float32]:
        with torch.inference_mode():
            curves: npt.NDArray[np.float32] = module(*map(torch.from_numpy, rows)).numpy()
        return curves

    return torch.__version__.partition("+")[0], run


if __name__ == "__main__":
    measure(partial(load, sys.argv.pop(1)))
