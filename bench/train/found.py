"""python -m bench.train.found: what `python -m train search` finds, beside the recipe as it is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

import numpy as np

from bench.curves.judging import COLUMNS, Split, judge
from bench.curves.real_sets import SetName, real_set
from bench.timing import print_table
from curvegan.command.command_line import Count, make_app, run
from curvegan.engine import Engine
from curvegan.repository.repository import Repository
from train import pipeline
from train.data.table.data_file import DataFile
from train.recipes import RECIPES
from train.run.folder import Run
from train.run.training import Keeping
from train.search import searching
from train.settings import Settings

What = Literal["quadratics", "italy", "gunpoint"]


@dataclass(frozen=True)
class Found:
    """How many steps GANs took all together, how many a GAN takes with the recipe as it is, and the
    figures of the GAN that was published."""

    steps: int
    steps_each: int
    figures: dict[str, float]


app = make_app("python -m bench.train.found", "Compare a search with the recipe as it is.")


@app.default
def main(
    *,
    sets: tuple[What, ...] = get_args(What),
    seeds: Count = 3,
    trials: Count = 16,
    population: Count = 4,
    steps: Count | None = None,
) -> None:
    """Compare a search with the recipe as it is.

    The recipe's GANs take as many steps in all as the search's: a population of so many more
    seeds, the best of which is published. Prints a table for each set of curves: the median over
    the seeds of each figure, on curves by which nothing was chosen (of the quadratics, on noise).

    Parameters
    ----------
    sets
        What is learnt: the quadratics, and real sets of curves.
    seeds
        How many searches, and trainings, with the seeds 1, 1001, ...
    trials
        Trials of a search.
    population
        GANs of a trial.
    steps
        Updates of each network [default: the recipe's].
    """
    for what in sets:
        searches, others = [], []
        for seed in range(1, 1 + 1000 * seeds, 1000):
            with TemporaryDirectory() as name:
                asked, figures_of = _asked(what, seed, population, steps, Path(name))
                searches.append(_search(asked, trials, Path(name), figures_of))
            with TemporaryDirectory() as name:
                asked, figures_of = _asked(what, seed, population, steps, Path(name))
                n_gans = round(searches[-1].steps / searches[-1].steps_each)
                others.append(_train(replace(asked, population=n_gans), Path(name), figures_of))
        columns = list(searches[0].figures)
        labels = ["steps", *(COLUMNS.get(column, column) for column in columns)]
        rows = [("search", *_row(searches)), ("recipe as it is", *_row(others))]
        print_table(f"{what}: median of {seeds} seeds", ("", *labels), rows)


FiguresOf = Callable[[Run, Engine], dict[str, float]]


def _asked(
    what: What, seed: int, population: int, steps: int | None, folder: Path
) -> tuple[Settings, FiguresOf]:
    """Returns what a training of the recipe is asked to be, and what judges a published model."""
    name: Literal["default", "curves"] = "default" if what == "quadratics" else "curves"
    recipe = RECIPES[name]
    recipe = replace(recipe, steps=steps or recipe.steps)
    asked = Settings(name, recipe, seed, "cpu", population, str(folder / "models"))
    if what == "quadratics":
        return asked, lambda of_run, _: of_run.description.quality if of_run.description else {}
    table: SetName = what
    split = Split.of(real_set(table).curves, seed)
    np.save(folder / "curves.npy", split.curves)

    def figures_of(_: Run, engine: Engine) -> dict[str, float]:
        made = engine.curves_from_seeds(np.arange(split.n_to_judge))
        return judge(made.astype(np.float64), split)

    return replace(asked, data=DataFile(str(folder / "curves.npy"))), figures_of


def _search(asked: Settings, n_trials: int, folder: Path, figures_of: FiguresOf) -> Found:
    begun = searching.begin(asked, n_trials, folder / "runs", _say_nothing, _say_nothing)
    steps_each = begun.settings.recipe.steps  # The recipe's; the best trial may have more.
    results = searching.search(begun, None, _unwatched)
    steps = sum(result.steps for result in results)
    if asked.data:
        steps += results[0].steps  # It is trained again, with all rows.
    figures = _published(begun, folder, figures_of)
    return Found(steps * asked.population, steps_each, figures)


def _train(asked: Settings, folder: Path, figures_of: FiguresOf) -> Found:
    begun = pipeline.start(asked, folder / "runs", _say_nothing, _say_nothing)
    steps = begun.settings.recipe.steps
    return Found(steps * asked.population, steps, _published(begun, folder, figures_of))


def _published(begun: Run, folder: Path, figures_of: FiguresOf) -> dict[str, float]:
    models, keep = folder / "models", Keeping(pictures=False)
    version, _ = pipeline.train_and_publish(begun, models, keep, iter, _say_nothing)
    return figures_of(begun, Engine.of(Repository(models).load(version)))


def _row(found: list[Found]) -> Iterator[str]:
    yield f"{np.median([one.steps for one in found]):,.0f}"
    for name in found[0].figures:
        yield f"{np.median([one.figures[name] for one in found]):.4f}"


def _say_nothing(_: object) -> None:
    """For those who want to be told."""


@contextmanager
def _unwatched(_: int) -> Iterator[Callable[[int, object], None]]:
    yield lambda _, __: None


if __name__ == "__main__":
    run(app)
