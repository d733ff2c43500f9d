"""Curves into a file: .csv, .npy or .png, by its suffix."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np

from curvegan.errors import CurveganError
from curvegan.files import replacing
from curvegan.generate.answer import Answer, Block
from curvegan.repository.model import Model

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
    """A row a curve: its seed, its label if it has one, then y at each point; nine digits, which
    give the float32 back."""
    labels = ["label"] if answer.labels else []
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(_csv_line(["seed", *labels, *_columns(answer.model)]))
        for block in answer.blocks:
            _write_rows(file, block)


def _columns(model: Model) -> list[str]:
    """Returns the name of each point, with the units of y where they are known."""
    names = model.point_names or [f"{model.x_name or 'x'}={x:.9g}" for x in model.x_grid]
    return [f"{name} [{model.units}]" for name in names] if model.units else names


def _csv_line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _write_rows(file: TextIO, block: Block) -> None:
    cells = ["%d"]
    if block.label is not None:
        cells.append(_csv_line([block.label]).removesuffix("\n").replace("%", "%%"))
    row = ",".join(cells + ["%.9g"] * block.curves.shape[1]) + "\n"
    seeds, curves = block.seeds.tolist(), block.curves.tolist()
    file.writelines(row % (seed, *curve) for seed, curve in zip(seeds, curves, strict=True))


def _write_npy(path: Path, answer: Answer) -> None:
    """The curves alone, float32 [n_rows, n_points], written as they come."""
    with path.open("wb") as file:
        shape = (answer.n_rows, len(answer.model.x_grid))
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for block in answer.blocks:
            file.write(block.curves.astype("<f4", copy=False).data)


def _write_png(path: Path, answer: Answer) -> None:
    model, n_rows = answer.model, answer.n_rows
    if n_rows > MAX_DRAWN:
        raise CurveganError(f"a .png shows at most {MAX_DRAWN} curves, not {n_rows}: write .npy")
    from curvegan.pictures.curves import draw_curves

    title = f"{_count(n_rows, 'curve')} from {_count(answer.n_seeds, 'seed')}"
    if len(answer.labels) == 1:
        title += f", {answer.labels[0]}"
    blocks = list(answer.blocks)
    draw_curves(
        path,
        model.x_grid,
        np.concatenate([block.curves for block in blocks]),
        bounds=model.bounds,
        title=title,
        subtitle=f"{model.family}, model version {model.version}, recipe {model.recipe}",
        x_label=model.x_name or "x",
        y_label=model.units or "y",
        point_names=model.point_names,
        labels=[block.label for block in blocks for _ in block.seeds if block.label is not None],
    )


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"
