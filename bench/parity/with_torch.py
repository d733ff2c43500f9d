"""torch in Python: eager, from the weights that `model.pt` holds, or one of the two exports.

With TorchScript it needs torch and numpy alone, so that an old torch can run it.
"""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from bench.parity.measure import Run, measure


def load(form: str, path: Path, _name: str) -> tuple[str, Run]:
    """Loads a model: as modules of torch (`form` "eager"), or as the file is."""
    torch.set_num_threads(1)
    if form == "eager":
        from bench.parity.rows import eager_model

        module = eager_model(path.read_bytes())
    elif form == "torch.export":
        from train.export.exported_program import load_exported_program

        module = load_exported_program(path.read_bytes())
    else:
        module = torch.jit.load(path)  # type: ignore[no-untyped-call]

    def run(rows: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        with torch.inference_mode():
            curves: npt.NDArray[np.float32] = module(torch.from_numpy(rows)).numpy()
        return curves

    return torch.__version__.partition("+")[0], run


if __name__ == "__main__":
    measure(partial(load, sys.argv.pop(1)))
