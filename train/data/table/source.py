"""The curves of a user's table as a source: what a training needs to know of real curves."""

from pathlib import Path

import numpy as np
import torch

from curvegan.arrays import AnyArray, Float32Array, Float64Array, Int64Array
from curvegan.errors import CurveganError
from curvegan.repository.description import Parameter
from train.data.table.contents import (
    CLASSES,
    CURVES,
    HELD_OUT,
    TRAINING,
    Contents,
    file_sha256,
    read_contents,
)

_SHUFFLE_SEED = 0


class TableSource:
    """The curves that `reading` left in `folder`, as a `Source`. They stay on the disk: rows are
    read as they are asked for."""

    bounds = None

    def __init__(self, folder: Path) -> None:
        """Raises CurveganError if a file of the folder is missing or damaged."""
        self.contents: Contents = read_contents(folder)
        for name, expected in self.contents.sums.items():
            _check_sum(folder / name, expected)
        self._training, self._training_classes = self._mapped(folder, TRAINING)
        self._held_out, self._held_out_classes = self._mapped(folder, HELD_OUT)

    @property
    def name(self) -> str:
        """What the curves are called."""
        return self.contents.name

    @property
    def x_grid(self) -> Float64Array:
        """The values of x, float64 [n_points]."""
        return np.array(self.contents.x_grid)

    @property
    def n_points(self) -> int:
        """Points of a curve."""
        return self.contents.n_points

    @property
    def parameters(self) -> list[Parameter]:
        """None are known."""
        return []

    @property
    def units(self) -> str:
        """The units of y."""
        return self.contents.units

    @property
    def x_name(self) -> str:
        """What x is."""
        return self.contents.x_name

    @property
    def point_names(self) -> list[str]:
        """What the points are called."""
        return self.contents.point_names

    @property
    def labels(self) -> list[str]:
        """The classes."""
        return self.contents.labels

    @property
    def n_rows(self) -> int:
        """Curves to train on."""
        return self.contents.n_training

    def rows(self, numbers: torch.Tensor) -> torch.Tensor:
        """Returns the curves of rows, 0 to n_rows - 1: int64 [...] to float32 [..., n_points]."""
        return torch.from_numpy(self._training[numbers.cpu().numpy()]).to(numbers.device)

    def classes(self, numbers: torch.Tensor) -> torch.Tensor:
        """Returns the class of each row, 0 without labels: int64 [...] to int64 [...]."""
        if self._training_classes is None:
            return torch.zeros_like(numbers)
        classes = self._training_classes[numbers.cpu().numpy()].astype(np.int64)
        return torch.from_numpy(classes).to(numbers.device)

    def held_out(self, n: int) -> tuple[Float32Array, Int64Array]:
        """Returns at most `n` of the curves that were held out, float32 [n, n_points], in an order
        that is random but always the same, and their classes, int64 [n]."""
        order = np.random.default_rng(_SHUFFLE_SEED).permutation(len(self._held_out))[:n]
        classes = np.zeros(len(order), np.int64)
        if self._held_out_classes is not None:
            classes = self._held_out_classes[order].astype(np.int64)
        return np.asarray(self._held_out[order]), classes

    def _mapped(self, folder: Path, part: str) -> tuple[AnyArray, AnyArray | None]:
        """Returns the curves of one part, and their classes if there are labels."""
        curves = np.memmap(folder / f"{part}{CURVES}", "<f4", "r")
        labelled = self.contents.labels
        classes = np.memmap(folder / f"{part}{CLASSES}", "<i2", "r") if labelled else None
        return curves.reshape(-1, self.n_points), classes


def _check_sum(path: Path, expected: str) -> None:
    try:
        found = file_sha256(path)
    except OSError as error:
        raise CurveganError(
            f"can't read {path}: {error.strerror}; restore it, or start a new training"
        ) from error
    if found != expected:
        raise CurveganError(
            f"{path} is damaged: its SHA-256 is not the one that was kept; restore it, or start a "
            "new training"
        )
