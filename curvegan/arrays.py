"""The arrays that cross from room to room."""

import tokenize
import zipfile
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]
AnyArray = npt.NDArray[Any]

# What numpy raises for a damaged .npy or .npz file; RuntimeError is also for an encrypted one.
DAMAGED_ARRAY = (
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
