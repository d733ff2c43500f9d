"""The whole way: train, export, measure, publish."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from serve.engine import Engine
from serve.errors import CurveganError, Interrupted, RepositoryError
from serve.manifest import Description, Family, Training
from serve.publish import check_shape
from serve.repository import ONNX
from train.export import SEED_RULE, export
from train.families import Quadratics
from train.loop import Gan, Report
from train.quality import N_SEEDS, measure_quadratics
from train.recipes import DeviceName, Settings
from train.runs import Run

# What decides the numbers of an export; its manifest records their versions.
LIBRARIES = ("curvegan", "numpy", "onnx", "onnxruntime", "onnxscript", "torch")

Watch = Callable[[Iterable[Report]], Iterator[Report]]


def choose_device(name: DeviceName) -> torch.device:
    """Returns the device `auto`, `cpu` or `cuda`; auto is CUDA where there is one.

    Raises CurveganError for cuda where there is none.
    """
    has_cuda = torch.cuda.is_available()
    if name == "cuda" and not has_cuda:
        raise CurveganError(
            "this PyTorch finds no CUDA device: use --device cpu, or install a CUDA build"
        )
    return torch.device("cuda" if has_cuda and name != "cpu" else "cpu")


def train_and_publish(
    settings: Settings, models: Path, runs: Path, watch: Watch
) -> tuple[int, Description]:
    """Trains as `settings` say, publishes into `models`, and returns the version and what it is.

    `watch` passes the loop's reports on and may show them. Only the last step touches `models`;
    a run folder below `runs` holds what led to it.

    Raises RepositoryError if `models` can't take the model, CurveganError if the run folder can't
    be written, ParityError if the exported files fail, Interrupted on Ctrl-C in the training.
    """
    recipe = settings.recipe
    check_shape(models, recipe.n_noise, recipe.n_points)
    device = choose_device(settings.device)
    # The networks are so small that a second thread costs more than it computes.
    torch.set_num_threads(1)
    run = Run.create(runs, settings)

    family = Quadratics(recipe.n_points)
    gan = Gan(recipe, family, settings.seed, device)
    start = time.perf_counter()
    reports = _collect(run.log(watch(gan.fit())), recipe.steps)
    seconds = time.perf_counter() - start

    x_grid = family.x_grid.tolist()
    exported = export(gan.generator, recipe.n_noise, x_grid)
    engine = Engine(
        exported.files["sampler"][ONNX],
        exported.files["generator"][ONNX],
        n_noise=recipe.n_noise,
        n_points=recipe.n_points,
    )
    curves = engine.curves_from_seeds(np.arange(N_SEEDS))
    lower, upper = family.bounds
    description = Description(
        family=Family(family.name, lower.tolist(), upper.tolist()),
        x_grid=x_grid,
        n_noise=recipe.n_noise,
        seed_rule=SEED_RULE,
        training=_training(settings, device, reports, seconds),
        quality=measure_quadratics(curves, family),
        parity=exported.parity,
        libraries={name: version(name) for name in LIBRARIES},
    )
    run.save_export(description, exported.files)
    try:
        return run.publish(models), description
    except RepositoryError as error:
        raise RepositoryError(
            f"{error}; the trained model is kept, publish it with: "
            f"python -m train publish {run.folder} --models {models}"
        ) from error


def _collect(reports: Iterable[Report], steps: int) -> list[Report]:
    collected: list[Report] = []
    try:
        for report in reports:
            collected.append(report)
    except KeyboardInterrupt:
        step = collected[-1].step if collected else 0
        raise Interrupted(f"interrupted at step {step} of {steps}: nothing was published") from None
    return collected


def _training(
    settings: Settings, device: torch.device, reports: list[Report], seconds: float
) -> Training:
    # One batch says little: the end of a training is the mean over its last tenth.
    last = reports[-max(1, len(reports) // 10) :]
    return Training(
        recipe=settings.recipe_name,
        hyperparameters=asdict(settings.recipe),
        seed=settings.seed,
        device=device.type,
        ms_per_step=1e3 * seconds / settings.recipe.steps,
        d_real=float(np.mean([report.d_real for report in last])),
        score=float(np.mean([report.score for report in last])),
    )
