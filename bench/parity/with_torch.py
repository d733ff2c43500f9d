"""torch in Python: eager, from the weights that `model.pt` holds, or one of the two exports."""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from bench.parity.measure import Run, measure
from bench.parity.rows import eager_model
from curvegan.repository.repository import EXPORTED_PROGRAM
from train.export.exported_program import load_exported_program
from train.export.torchscript import load_torchscript


def load(form: str, path: Path, _name: str) -> tuple[str, Run]:
    """Loads a model: as modules of torch (`form` "eager"), or as the file is."""
    torch.set_num_threads(1)
    content = path.read_bytes()
    if form == "eager":
        module = eager_model(content)
    elif path.name == EXPORTED_PROGRAM:
        module = load_exported_program(content)
    else:
        module = load_torchscript(content)

    def run(rows: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        with torch.inference_mode():
            curves: npt.NDArray[np.float32] = module(torch.from_numpy(rows)).numpy()
        return curves

    return torch.__version__.partition("+")[0], run


if __name__ == "__main__":
    measure(partial(load, sys.argv.pop(1)))
