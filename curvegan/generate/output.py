"""Curves into a file: .csv, .npy or .png, by its suffix."""

from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import numpy as np

from curvegan.arrays import Float32Array, Int64Array
from curvegan.errors import CurveganError
from curvegan.files import replacing
from curvegan.generate.answer import Answer

# More lines than this are a blot, not a picture.
MAX_DRAWN = 1000


Writer = Callable[[Path, Answer], None]


def save(path: Path, answer: Answer, write: Writer) -> None:
    """Saves `answer` with `write`; the file appears whole or not at all.

    Raises CurveganError if it can't be written.
    """
    try:
        with replacing(path) as aside:
            write(aside, answer)
    except OSError as error:
        raise CurveganError(f"can't write {path}: {error.strerror}") from error


def writer_for(path: Path) -> Writer:
    """Returns the function that writes the kind of file that `path` names.

    Raises CurveganError for another kind, and for .png where matplotlib is missing.
    """
    match path.suffix:
        case ".csv":
            return _write_csv
        case ".npy":
            return _write_npy
        case ".png":
            try:
                import matplotlib  # noqa: F401
            except ImportError:
                raise CurveganError(
                    "a .png needs matplotlib: pip install 'curvegan[plot]', or write .csv or .npy"
                ) from None
            return _write_png
    raise CurveganError(f"can't write {str(path)!r}: its name must end in .csv, .npy or .png")


def _write_csv(path: Path, answer: Answer) -> None:
    """A row a curve: its seed, then y at each x; nine digits, which give the float32 back."""
    with path.open("w", encoding="ascii") as file:
        file.write(",".join(["seed", *(f"x={x:.9g}" for x in answer.model.x_grid)]) + "\n")
        for seeds, curves in answer.blocks:
            _write_rows(file, seeds, curves)


def _write_rows(file: TextIO, seeds: Int64Array, curves: Float32Array) -> None:
    row = ",".join(["%d"] + ["%.9g"] * curves.shape[1]) + "\n"
    file.writelines(
        row % (seed, *curve) for seed, curve in zip(seeds.tolist(), curves.tolist(), strict=True)
    )


def _write_npy(path: Path, answer: Answer) -> None:
    """The curves alone, float32 [n_rows, n_points], written as they come."""
    with path.open("wb") as file:
        shape = (answer.n_rows, len(answer.model.x_grid))
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for _, curves in answer.blocks:
            file.write(curves.astype("<f4", copy=False).data)


def _write_png(path: Path, answer: Answer) -> None:
    model, n_rows = answer.model, answer.n_rows
    if n_rows > MAX_DRAWN:
        raise CurveganError(f"a .png shows at most {MAX_DRAWN} curves, not {n_rows}: write .npy")
    from curvegan.pictures.curves import draw_curves

    plural = "" if n_rows == 1 else "s"
    draw_curves(
        path,
        model.x_grid,
        np.concatenate([curves for _, curves in answer.blocks]),
        bounds=model.bounds,
        title=f"{n_rows} curve{plural} from {n_rows} seed{plural}",
        subtitle=f"{model.family}, model version {model.version}, recipe {model.recipe}",
    )
