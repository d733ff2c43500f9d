"""Curves into a file: .csv, .npy or .png, by its suffix. The file appears whole or not at all."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import numpy.typing as npt

from serve.client.curve_client import CurveClient, Float32Array, Model
from serve.client.seed_text import batches
from serve.errors import CurveganError

# More lines than this are a blot, not a picture.
MAX_DRAWN = 1000


@dataclass(frozen=True)
class Answer:
    """Curves as they arrive: `n_rows` in all, in blocks of seeds, int64 [n], and their curves,
    float32 [n, n_points]."""

    model: Model
    n_rows: int
    blocks: Iterable[tuple[npt.NDArray[np.int64], Float32Array]]


Writer = Callable[[Path, Answer], None]


def ask(client: CurveClient, ranges: Sequence[range], version: int = 0) -> Answer:
    """Asks for the curves of all seeds of `ranges`, in their order, of one model version."""
    model = client.model(version)

    def blocks() -> Iterator[tuple[npt.NDArray[np.int64], Float32Array]]:
        for batch in batches(ranges):
            start = 0
            for curves in client.stream(batch, version=model.version):
                yield np.array(batch[start : start + len(curves)], np.int64), curves
                start += len(curves)

    return Answer(model, sum(part.stop - part.start for part in ranges), blocks())


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


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a path beside `path`; what was written there takes its place at the end.

    Raises CurveganError if it can't be written; then nothing is left there.
    """
    aside = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        yield aside
        aside.replace(path)
    except OSError as error:
        raise CurveganError(f"can't write {path}: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)


def _write_csv(path: Path, answer: Answer) -> None:
    """A row a curve: its seed, then y at each x; nine digits, which give the float32 back."""
    with path.open("w", encoding="ascii") as file:
        file.write(",".join(["seed", *(f"x={x:.9g}" for x in answer.model.x_grid)]) + "\n")
        for seeds, curves in answer.blocks:
            _write_rows(file, seeds, curves)


def _write_rows(file: TextIO, seeds: npt.NDArray[np.int64], curves: Float32Array) -> None:
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
    from serve.client.plot import draw_curves

    plural = "" if n_rows == 1 else "s"
    draw_curves(
        path,
        model.x_grid,
        np.concatenate([curves for _, curves in answer.blocks]),
        bounds=model.bounds,
        title=f"{n_rows} curve{plural} from {n_rows} seed{plural}",
        subtitle=f"{model.family}, model version {model.version}, recipe {model.recipe}",
    )
