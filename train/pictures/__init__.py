"""A run, or a search, as pictures, drawn at the end from what its folder keeps."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from curvegan.errors import CurveganError
from curvegan.files import replacing
from curvegan.pictures.style import style
from train.pictures.comparison import draw_comparison_into
from train.pictures.curves import draw_curves_into
from train.pictures.learning import draw_learning_into
from train.pictures.losses import draw_losses_into
from train.pictures.outcome import Outcome
from train.pictures.quality import draw_quality_into
from train.pictures.search import draw_search_into
from train.run.folder import Run
from train.search.records import TrialResult


def draw_run(run: Run) -> Iterator[Path]:
    """Draws the run's pictures into its folder and yields each path.

    learning.gif shows curves finding their way to where real ones are, curves.png what came out of
    it, losses.png how the game went, quality.png how near to real curves it came. Runs of earlier
    releases kept no real curves, and get no quality.png. Raises CurveganError if the run has no
    export, or a picture can't be written.
    """
    outcome = Outcome.of(run)
    pictures = {
        "curves.png": draw_curves_into,
        "losses.png": draw_losses_into,
        "quality.png": draw_quality_into,
        "learning.gif": draw_learning_into,
    }
    if outcome.held_out is None:
        del pictures["quality.png"]
    for name, draw in pictures.items():
        yield _draw(run.folder / name, partial(draw, outcome))


def draw_comparison(one: Run, other: Run, path: Path) -> None:
    """Draws two runs beside each other into the PNG at `path`.

    Raises CurveganError if a run has no export, or the picture can't be written.
    """
    if path.suffix != ".png":
        raise CurveganError(f"can't draw {str(path)!r}: its name must end in .png")
    _draw(path, partial(draw_comparison_into, Outcome.of(one), Outcome.of(other)))


def draw_search(results: Sequence[TrialResult], path: Path) -> Path:
    """Draws the trials of a search, the best first, into the PNG at `path`, and returns that.

    Raises CurveganError if it can't be written.
    """
    return _draw(path, partial(draw_search_into, results))


def _draw(path: Path, draw: Callable[[Path], None]) -> Path:
    try:
        with style(), replacing(path) as aside:
            draw(aside)
    except OSError as error:
        raise CurveganError(f"can't draw {path}: {error.strerror}") from error
    except ValueError as error:
        raise CurveganError(f"can't draw {path}: {error}") from error
    return path
