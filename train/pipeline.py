"""The whole way: train, choose, export, measure, publish."""

import shlex
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch import nn

from curvegan.command.signals import signal_of
from curvegan.engine import Engine
from curvegan.errors import CurveganError, Interrupted, RepositoryError
from curvegan.repository.description import (
    Description,
    Family,
    Inputs,
    ModelName,
    Specs,
    Training,
    default_inputs,
    model_specs,
)
from curvegan.repository.publish import check_shape
from curvegan.repository.repository import ONNX
from train.data.source import Source
from train.export import SEED_RULE, Export, export
from train.families import source_of
from train.quality.judge import Judgement, judge, n_judged
from train.quality.measures import Measures
from train.quality.samples import draw_classes
from train.quality.selection import choose
from train.run.folder import Run
from train.run.history import History
from train.run.quality import save_quality
from train.run.table import ShowContents, Warn, table_read, warn_of_change
from train.run.training import Keeping, Watch, fit
from train.settings import DeviceName, Settings

# What decides the numbers of an export; its manifest records their versions.
LIBRARIES = ("curvegan", "numpy", "onnx", "onnxruntime", "onnxscript", "torch")


def choose_device(name: DeviceName) -> torch.device:
    """Returns the device `auto`, `cpu` or `cuda`; auto is CUDA where there is one.

    Raises CurveganError for `cuda` on a machine without.
    """
    has_cuda = torch.cuda.is_available()
    if name == "cuda" and not has_cuda:
        raise CurveganError(
            "this PyTorch finds no CUDA device: use --device cpu, or install a CUDA build"
        )
    return torch.device("cuda" if has_cuda and name != "cpu" else "cpu")


def start(settings: Settings, runs: Path, show: ShowContents, warn: Warn) -> Run:
    """Returns a new run below `runs`, which has read the table that it is to learn, if any.

    `show` and `warn` are those of `table_read`. Raises RepositoryError if the repository can't take
    the model, CurveganError if there is no such device, the table can't be read, or the run folder
    can't be written.
    """
    choose_device(settings.device)
    with table_read(settings, runs, show, warn) as table:
        source, _ = source_of(settings, table)
        recipe = settings.recipe.sized(source.n_points, source.n_rows)
        inputs = default_inputs(recipe.n_noise, len(source.labels))
        specs = model_specs(inputs, source.n_points)
        check_shape(Path(settings.models), specs, source.labels)
        return Run.create(runs, replace(settings, recipe=recipe), table)


def resume(folder: Path, warn: Warn) -> Run:
    """Returns the run in `folder`; `warn` is called with one line if the table that it learns is
    another by now. Raises CurveganError if the folder is not a run's, or is a search's."""
    run = Run(folder)
    if run.is_search:
        raise CurveganError(f"{folder} is a search: resume it with: {run.resume_command}")
    warn_of_change(run, warn)
    return run


def train_and_publish(
    run: Run, models: Path, keep: Keeping, watch: Watch, warn: Warn
) -> tuple[int, Description]:
    """Trains what is left of `run`, publishes into `models`, returns the version and what it is.

    `watch` and `warn` are those of `fit`. Only the last step touches `models`.

    Raises RepositoryError if `models` can't take the model, CurveganError if the run was
    published already or its folder can't be written or read, ParityError if the exported files
    fail, Interrupted on Ctrl-C or SIGTERM.
    """
    settings = run.settings
    with run.alone():
        return _train_and_publish(run, settings, models, keep, watch, warn)


def _train_and_publish(
    run: Run, settings: Settings, models: Path, keep: Keeping, watch: Watch, warn: Warn
) -> tuple[int, Description]:
    if run.publications:
        where = run.publications[-1]
        raise CurveganError(
            f"{run.folder} is finished: it is version {where.version} of {where.models}; publish "
            f"it again with: python -m train publish {shlex.quote(str(run.folder))}"
        )
    source, measures = source_of(settings, run.data)
    inputs = default_inputs(settings.recipe.n_noise, len(source.labels))
    check_shape(models, model_specs(inputs, source.n_points), source.labels)
    device = choose_device(settings.device)
    # The networks are so small that a second thread costs more than it computes.
    torch.set_num_threads(1)
    try:
        population, history = fit(run, settings, source, device, keep, watch, warn)
        generators = population.generators()
        best, members = choose(generators, source, measures, settings, history)
        training = _training(settings, device, history, best)
        description, files, judgement = _export(
            generators[best], inputs, source, measures, training
        )
        save_quality(run, judgement)
        run.save_export(description, files, members)
        return run.publish(models), description
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        raise CurveganError(
            "not enough memory: take smaller batches, fewer points or a smaller population, or "
            f"resume where there is more with: {run.resume_command}"
        ) from error
    except (KeyboardInterrupt, SystemExit) as error:  # Ctrl-C, SIGTERM
        raise Interrupted(
            f"interrupted: nothing was published; resume with: {run.resume_command}",
            signal_of(error),
        ) from None
    except RepositoryError as error:
        raise RepositoryError(
            f"{error}; the trained model is kept, publish it with: "
            f"python -m train publish {shlex.quote(str(run.folder))} --models "
            f"{shlex.quote(str(models))}"
        ) from error


def _is_out_of_memory(error: Exception) -> bool:
    # On the CPU torch raises a plain RuntimeError.
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "memory" in str(error)


def _export(
    generator: nn.Module,
    inputs: Inputs,
    source: Source,
    measures: Measures,
    training: Training,
) -> tuple[Description, dict[ModelName, dict[str, bytes]], Judgement]:
    x_grid = source.x_grid.tolist()
    n_noise = inputs["generator"][0].width
    exported = export(generator, inputs, x_grid, len(source.labels))
    judgement = judge_export(exported, model_specs(inputs, source.n_points), source, measures)
    description = Description(
        family=family_of(source),
        x_grid=x_grid,
        n_noise=n_noise,
        seed_rule=SEED_RULE,
        training=training,
        quality=judgement.quality,
        parity=exported.parity,
        libraries={name: version(name) for name in LIBRARIES},
        measures=judgement.measures,
        verdict=judgement.verdict,
        inputs=inputs,
    )
    return description, exported.files, judgement


def judge_export(exported: Export, specs: Specs, source: Source, measures: Measures) -> Judgement:
    """Judges what the exported sampler, with the tensors of `specs`, makes of the first seeds."""
    engine = Engine(exported.files["sampler"][ONNX], exported.files["generator"][ONNX], specs)
    seeds = np.arange(n_judged(source, measures))
    classes = draw_classes(source, len(seeds))
    curves = engine.curves_from_seeds(seeds, classes if source.labels else None)
    return judge(curves, classes, source, measures)


def family_of(source: Source) -> Family:
    """Returns what a description says of the real curves."""
    lower, upper = (bound.tolist() for bound in source.bounds) if source.bounds else (None, None)
    return Family(
        source.name,
        lower,
        upper,
        source.parameters,
        source.units,
        source.x_name,
        list(source.point_names),
        list(source.labels),
    )


def _training(settings: Settings, device: torch.device, history: History, member: int) -> Training:
    d_real, score = history.mean_at_end(member)
    return Training(
        recipe=settings.recipe_name,
        hyperparameters=settings.recipe.hyperparameters,
        seed=settings.seeds[member],
        device=device.type,
        ms_per_step=1e3 * history.seconds / settings.recipe.steps,
        d_real=d_real,
        score=score,
        population=settings.population,
    )
