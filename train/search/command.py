"""The command line of a search: python -m train search."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from curvegan.command.command_line import Count, whole_number
from curvegan.command.requirements import need_packages
from curvegan.errors import CurveganError
from train.options import Changes, DataOptions, new_settings
from train.recipes import RecipeName
from train.search.space import described
from train.settings import DEFAULT_RUNS, FamilyName

_TRIALS, _POPULATION = 16, 4


def search(
    *,
    trials: Annotated[
        Count | None,
        Parameter(
            help=f"Settings to try: the recipe as it is, then random changes: {described()} "
            f"[default: {_TRIALS}]."
        ),
    ] = None,
    population: Count | None = None,
    family: FamilyName | None = None,
    own: DataOptions = DataOptions(),
    recipe: RecipeName | None = None,
    changes: Changes = Changes(),
    seed: Annotated[int | None, Parameter(converter=whole_number)] = None,
    models: Path | None = None,
    runs: Path = DEFAULT_RUNS,
    resume: Path | None = None,
    ray: str | None = None,
    pictures: bool = True,
) -> None:
    """Search for settings that learn some curves better, and publish the best generator.

    Trains a population with each of many settings, on all cores of this machine or on a Ray
    cluster, and stops those that are behind. Prints and draws all trials, and publishes the best of
    them as a training does. Ctrl-C ends it and publishes nothing; the search can be resumed, also
    after it or machines were killed.

    Parameters
    ----------
    population
        GANs of each trial, with seeds of their own; the best counts [default: 4].
    family
        The built-in curves to learn, unless --data names curves of your own
        [default: quadratics].
    recipe
        The recipe to begin with; the options below change it
        [default: default for the quadratics, curves for all others].
    seed
        Decides the settings and all random numbers [default: 1].
    models
        The model repository to publish into [default: models, or the resumed search's].
    runs
        The folder below which the search keeps its trials, and the run that is published.
    resume
        The folder of an earlier search, to resume; it has the options that it was started with.
    ray
        Work on the Ray cluster at this address: host:port, or auto for the one of this machine.
    pictures
        Draw search.png, and the pictures of a run, into the search's folder.
    """
    need_packages("train search", "train,scale", ("ray", "pandas", "requests", "fsspec", "pyarrow"))
    if ray and ray.startswith("ray://"):
        raise CurveganError(
            f"a search can't run from outside of the cluster ({ray}): start it on one of its "
            "machines, with --ray host:port or auto"
        )
    data = own.asked()
    asked: dict[str, Any] = {"population": population, "seed": seed}
    others = (trials, family, data, recipe, *asked.values(), *changes.given().values())
    if resume and any(option is not None for option in others):
        raise CurveganError(
            "a search that is resumed has the options that it was started with: give --resume "
            "with --ray, --models and --no-pictures alone"
        )
    if ray is not None:
        # Before anything is written.
        from curvegan.command.ray_cluster import check_reachable

        check_reachable(ray)

    # Imported here so that --help and a wrong option do not wait for torch.
    from train.run.training import Keeping
    from train.search import searching
    from train.terminal.contents import print_contents
    from train.terminal.progress import show_progress, show_reading, show_trials
    from train.terminal.tables import print_trials
    from train.terminal.whole_way import draw_trials, show_whole_way

    warn = partial(print, "warning:", file=sys.stderr)
    if resume:
        run = searching.resume(resume, warn)
    else:
        asked |= {"population": population or _POPULATION, "device": "cpu"}
        settings = new_settings(family, data, recipe, changes, models, **asked)
        with show_reading(data.path if data else None):
            run = searching.begin(settings, trials or _TRIALS, runs, print_contents, warn)
    results = searching.search(run, ray, show_trials)
    print_trials(results)
    if pictures:
        draw_trials(run, results)
    watch = partial(show_progress, steps=run.settings.recipe.steps)
    show_whole_way(run, models, Keeping(pictures=pictures), watch, warn)
