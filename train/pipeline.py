"""The whole way: train, choose, export, measure, publish."""

import shlex
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
    ModelName,
    Specs,
    Training,
    default_inputs,
    model_specs,
)
from curvegan.repository.publish import check_shape
from curvegan.repository.repository import ONNX
from train.data.source import Source
from train.export import SEED_RULE, export
from train.families import built_in
from train.quality.measures import N_SEEDS, Measures
from train.quality.selection import choose
from train.run.folder import Run
from train.run.history import History
from train.run.training import Keeping, Warn, Watch, fit
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


def start(settings: Settings, runs: Path) -> Run:
    """Returns a new run below `runs`.

    Raises RepositoryError if the repository can't take the model, CurveganError if there is no
    such device, or the run folder can't be written.
    """
    check_shape(Path(settings.models), _specs(settings))
    choose_device(settings.device)
    return Run.create(runs, settings)


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
    source, measures = built_in(settings.recipe.n_points)
    n_noise = settings.recipe.n_noise
    check_shape(models, _specs(settings))
    device = choose_device(settings.device)
    # The networks are so small that a second thread costs more than it computes.
    torch.set_num_threads(1)
    try:
        population, history = fit(run, settings, source, device, keep, watch, warn)
        generators = population.generators()
        best, members = choose(generators, source, measures, settings, history)
        training = _training(settings, device, history, best)
        description, files = _export(generators[best], n_noise, source, measures, training)
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


def _specs(settings: Settings) -> Specs:
    recipe = settings.recipe
    return model_specs(default_inputs(recipe.n_noise), recipe.n_points)


def _is_out_of_memory(error: Exception) -> bool:
    # On the CPU torch raises a plain RuntimeError.
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "memory" in str(error)


def _export(
    generator: nn.Module,
    n_noise: int,
    source: Source,
    measures: Measures,
    training: Training,
) -> tuple[Description, dict[ModelName, dict[str, bytes]]]:
    x_grid = source.x_grid.tolist()
    exported = export(generator, n_noise, x_grid)
    specs = model_specs(default_inputs(n_noise), source.n_points)
    engine = Engine(exported.files["sampler"][ONNX], exported.files["generator"][ONNX], specs)
    curves = engine.curves_from_seeds(np.arange(N_SEEDS))
    description = Description(
        family=_family(source),
        x_grid=x_grid,
        n_noise=n_noise,
        seed_rule=SEED_RULE,
        training=training,
        quality=measures.of(curves, source),
        parity=exported.parity,
        libraries={name: version(name) for name in LIBRARIES},
        measures=list(measures),
    )
    return description, exported.files


def _family(source: Source) -> Family:
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
