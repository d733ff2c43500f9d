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


def texts(array: AnyArray) -> list[str]:
    """Returns what the cells of an array of numbers, words, dates or truth values say, as text.

    Raises ValueError for other cells, and for words that are not Unicode.
    """
    kind, cells = array.dtype.kind, array.ravel()
    if kind not in "biufSUM":
        raise ValueError(f"it holds {array.dtype}, not numbers, words or dates")
    if kind == "M":
        cells = np.datetime_as_string(cells, unit="auto")
    try:
        written = np.char.decode(cells, "utf-8") if kind == "S" else cells.astype(str)
        found: list[str] = written.tolist()
        "".join(found).encode()  # Half of a surrogate pair is no character.
    except UnicodeError as error:
        raise ValueError("it holds words that are not Unicode, or not in UTF-8") from error
    return found
