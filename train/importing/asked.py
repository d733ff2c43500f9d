"""What a user says of the curves of a generator that was trained elsewhere."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from curvegan.errors import CurveganError

_MAX_NAME = 100


@dataclass(frozen=True)
class Asked:
    """What the curves are, which no file of a generator tells.

    `name` is what they are called, by default as the file; `units` are those of y and `x_name` is
    what x is. The values of x stand in the file `x`, or are evenly spaced from `x_from` to `x_to`.
    """

    name: str = ""
    units: str = ""
    x_name: str = "x"
    x: Path | None = None
    x_from: float | None = None
    x_to: float | None = None

    def __post_init__(self) -> None:
        """Raises CurveganError for what does not go together, or can't be shown."""
        for option in ("name", "units", "x_name"):
            text = getattr(self, option)
            if not text.isprintable() or len(text) > _MAX_NAME:
                raise CurveganError(
                    f"{option} is {text[:_MAX_NAME]!r}: give at most {_MAX_NAME} printable "
                    "characters"
                )
        ends = [self.x_from, self.x_to]
        if ends.count(None) == 1:
            raise CurveganError("--x-from and --x-to belong together: give both, or --x FILE")
        if self.x and None not in ends:
            raise CurveganError("--x FILE says all of x: leave it or --x-from and --x-to out")
        if None not in ends and not increases(ends, 2):
            raise CurveganError(
                f"x goes from {ends[0]} to {ends[1]}: give two finite numbers, the lower one first"
            )

    @property
    def says_x(self) -> bool:
        """Whether the values of x are given."""
        return self.x is not None or self.x_from is not None

    def x_grid(self, n_points: int) -> list[float]:
        """Returns the `n_points` values of x: 0, 1, ... unless they are given.

        Raises CurveganError if the file can't be read or holds something else.
        """
        if self.x:
            return _values_in(self.x, n_points)
        if self.x_from is not None and self.x_to is not None:
            values: list[float] = np.linspace(self.x_from, self.x_to, n_points).tolist()
            return values
        return [float(number) for number in range(n_points)]


def increases(values: object, n_points: int) -> bool:
    """Returns whether `values` are `n_points` finite numbers, each above the one before."""
    try:
        numbers = np.array(values, np.float64)
    except (TypeError, ValueError):
        return False
    shaped = numbers.shape == (n_points,)
    return shaped and bool(np.isfinite(numbers).all() and (np.diff(numbers) > 0).all())


def _values_in(path: Path, n_points: int) -> list[float]:
    try:
        if path.exists() and not path.is_file():
            raise CurveganError(f"{path} is not a file: give one with the values of x")
        if path.suffix.lower() == ".npy":
            values = np.load(path, allow_pickle=False).ravel().tolist()
        else:
            text = path.read_text(encoding="utf-8-sig")
            values = [float(word) for word in text.replace(",", " ").split()]
    except OSError as error:
        raise CurveganError(f"can't read {path}: {error.strerror}") from error
    except (ValueError, EOFError) as error:
        raise CurveganError(f"can't read x from {path}: {error}; give only numbers") from error
    if not increases(values, n_points):
        raise CurveganError(
            f"{path} holds {len(values)} values of x: give {n_points} finite numbers, one for each "
            "point of a curve, each above the one before"
        )
    return [float(value) for value in values]
