"""The command line: python -m train."""

from curvegan.command import early_interrupt  # noqa: F401, I001  (first: the others take their time)
from train import requirements  # noqa: F401  (next: the others may not be there)

import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from curvegan.command.command_line import make_app, run, whole_number
from curvegan.errors import CurveganError
from curvegan.repository.repository import DEFAULT_MODELS
from train.options import Changes, DataOptions, new_settings
from train.recipes import RecipeName
from train.search.command import search
from train.settings import DEFAULT_RUNS, DeviceName, FamilyName, Settings

app = make_app("curvegan-train", "Train a GAN on curves and publish its generator.")
app.command(search)


@app.default
def train(
    *,
    family: FamilyName | None = None,
    own: DataOptions = DataOptions(),
    recipe: RecipeName | None = None,
    changes: Changes = Changes(),
    seed: Annotated[int | None, Parameter(converter=whole_number)] = None,
    population: Annotated[int | None, Parameter(converter=whole_number)] = None,
    device: DeviceName | None = None,
    models: Path | None = None,
    runs: Path = DEFAULT_RUNS,
    resume: Path | None = None,
    checkpoint_every: Annotated[int, Parameter(converter=whole_number)] = 1000,
    pictures: bool = True,
    tensorboard: bool = False,
) -> None:
    """Train a GAN on curves and publish its generator as the next version.

    Trains, exports to TorchScript and ONNX, compares the files with torch, measures the quality,
    publishes, and draws how it went. Ctrl-C ends it and publishes nothing; the run can be resumed,
    and then has the options with which it was started.

    Parameters
    ----------
    family
        The built-in curves to learn, unless --data names curves of your own
        [default: quadratics].
    recipe
        The hyperparameters, all of them; the options below change one each
        [default: default for the quadratics, curves for all others].
    seed
        Decides the initial weights and all random numbers; 0 to 4294967295 [default: 1].
    population
        GANs to train side by side, with the seeds from --seed on; the best is published
        [default: 1].
    device
        Where to train; auto takes CUDA where there is one [default: auto].
    models
        The model repository to publish into [default: models, or the resumed run's].
    runs
        The folder below which the run keeps what it was asked, how it went and what came out.
    resume
        The folder of an earlier run, such as runs/20300102-030405-default-1, to resume.
    checkpoint_every
        Steps between two checkpoints; there is one at the end, and at Ctrl-C, too.
    pictures
        Draw learning.gif, curves.png, losses.png and quality.png into the run's folder.
    tensorboard
        Write TensorBoard events into the run's folder.
    """
    data = own.asked()
    asked: dict[str, Any] = {"seed": seed, "device": device, "population": population}
    settings = None if resume else new_settings(family, data, recipe, changes, models, **asked)

    # Imported here so that --help and a wrong option do not wait for torch.
    from train import pipeline
    from train.run.training import Keeping
    from train.terminal.contents import print_contents
    from train.terminal.progress import show_progress, show_reading
    from train.terminal.whole_way import show_whole_way

    keep = Keeping(checkpoint_every, pictures, tensorboard)
    warn = partial(print, "warning:", file=sys.stderr)
    if settings:
        with show_reading(data.path if data else None):
            this_run = pipeline.start(settings, runs, print_contents, warn)
    else:
        assert resume
        this_run = pipeline.resume(resume, warn)
        asked |= {"family": family, "data": data, "recipe_name": recipe}
        given = {name: value for name, value in asked.items() if value is not None}
        _check_same(this_run.settings, given, changes.given())
    watch = partial(show_progress, steps=this_run.settings.recipe.steps)
    show_whole_way(this_run, models, keep, watch, warn)


def _check_same(stored: Settings, given: dict[str, Any], changed: dict[str, Any]) -> None:
    """Raises CurveganError if options ask for another training than the one to be resumed."""
    for settings, options in ((stored, given), (stored.recipe, changed)):
        for name, value in options.items():
            if value != getattr(settings, name):
                has, not_this = getattr(settings, name), f", not {value}"
                if name == "data":
                    has, not_this = "of its own" if has is None else "that was read already", ""
                raise CurveganError(
                    f"the run to resume has {name.removesuffix('_name')} {has}{not_this}: leave "
                    "that option out, or start a new training without --resume"
                )


@app.command
def draw(run_folder: Path) -> None:
    """Draw the pictures of a run that was exported: learning.gif and three PNGs.

    Parameters
    ----------
    run_folder
        The run's folder, such as runs/20300102-030405-default-1.
    """
    from train.terminal.whole_way import draw_pictures

    draw_pictures(run_folder)


@app.command
def publish(run_folder: Path, *, models: Path | None = None) -> None:
    """Publish a finished run, for instance after a full disk kept it from being published.

    Parameters
    ----------
    run_folder
        The run's folder, such as runs/20300102-030405-default-1.
    models
        The model repository to publish into [the one that the run was started with].
    """
    from train.run.folder import Run

    this_run = Run(run_folder)
    models = models or Path(this_run.settings.models)
    print(f"published version {this_run.publish(models)} in {models}")


@app.command(name="import")
def import_(
    file: Path,
    *,
    name: str | None = None,
    units: str | None = None,
    x_name: str | None = None,
    x: Path | None = None,
    x_from: float | None = None,
    x_to: float | None = None,
    family: FamilyName | None = None,
    models: Path = DEFAULT_MODELS,
) -> None:
    """Publish a generator that was trained elsewhere, after it was exported and compared.

    Parameters
    ----------
    file
        The generator, noise to curves: a state_dict of Linear, ReLU, Linear (torch.save or
        safetensors), a TorchScript file, or ONNX.
    name
        What the curves are called [default: as the file].
    units
        The units of y.
    x_name
        What x is, such as hour [default: x, or what the dates or times in --x say].
    x
        A file with the values of x: text, or .npy [default: what our own ONNX files say, or
        0, 1, ...].
    x_from
        The first value of x, for evenly spaced ones up to --x-to.
    x_to
        The last value of x.
    family
        The built-in curves to judge it by, which also say what x is; without, nothing is said of
        its quality.
    models
        The model repository to publish into.
    """
    from train.families import built_in
    from train.importing.about_curves import AboutCurves
    from train.importing.imported import import_model

    about = AboutCurves(name or "", units or "", x_name or "", x, x_from, x_to)
    real = partial(built_in, name=family) if family else None
    imported = import_model(file, models, about, real)
    description = imported.description
    said = description.verdict or "its quality was not measured (--family)"
    print(f"published version {imported.version} in {models}: {imported.taken_as}; {said}")
    if len(imported.files) == 1:
        print("ONNX alone: torch can make no model.pt and no model.pt2 of an ONNX file")


@app.command
def runs(*, runs: Path = DEFAULT_RUNS) -> None:
    """List the runs, their state and their quality.

    Parameters
    ----------
    runs
        The folder that holds the runs.
    """
    from train.terminal.tables import print_runs

    print_runs(runs)


@app.command
def compare(one: Path, other: Path, *, out: Path = Path("compare.png")) -> None:
    """Put two runs side by side: what differs, their quality, and a picture of both.

    Parameters
    ----------
    one
        A run's folder.
    other
        Another run's folder.
    out
        The picture to draw.
    """
    from train.pictures import draw_comparison
    from train.run.folder import Run
    from train.terminal.tables import print_comparison

    print_comparison(Run(one), Run(other))
    draw_comparison(Run(one), Run(other), out)
    print(f"drew {out}")


def main() -> None:
    """Runs the command line on this process's arguments."""
    run(app)


if __name__ == "__main__":
    main()
