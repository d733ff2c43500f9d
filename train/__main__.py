"""The command line: python -m train."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from serve.command_line import make_app, run
from train.recipes import RECIPES, Settings

app = make_app("curvegan-train", "Train a GAN on curves and publish its generator.")


def _knob(name: str, hyperparameter: str, help_text: str) -> Parameter:
    defaults = ", ".join(
        f"{recipe}: {getattr(values, hyperparameter)}" for recipe, values in RECIPES.items()
    )
    return Parameter(name=name, help=f"{help_text} [{defaults}]")


@app.default
def train(
    *,
    recipe: Literal["tutorial"] = "tutorial",
    steps: Annotated[int | None, _knob("--steps", "steps", "Updates of each network.")] = None,
    batch_size: Annotated[
        int | None, _knob("--batch-size", "batch_size", "Real curves of a step.")
    ] = None,
    lr_g: Annotated[
        float | None, _knob("--lr-g", "lr_g", "Learning rate of the generator.")
    ] = None,
    lr_d: Annotated[
        float | None, _knob("--lr-d", "lr_d", "Learning rate of the discriminator.")
    ] = None,
    noise: Annotated[int | None, _knob("--noise", "n_noise", "Numbers that make a curve.")] = None,
    points: Annotated[
        int | None, _knob("--points", "n_points", "Points of a curve, from x = -1 to 1.")
    ] = None,
    seed: int = 1,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    models: Path = Path("models"),
    runs: Path = Path("runs"),
) -> None:
    """Train a GAN on curves and publish its generator as the next version.

    Trains, exports to TorchScript and ONNX, compares the files with torch, measures the quality,
    publishes. Ctrl-C ends it and publishes nothing.

    Parameters
    ----------
    recipe
        The hyperparameters, all of them; the options below change one each.
    seed
        Decides the initial weights and all random numbers; 0 to 4294967295.
    device
        Where to train; auto takes CUDA where there is one.
    models
        The model repository to publish into.
    runs
        The folder below which the run keeps its settings, its log and its export.
    """
    knobs: dict[str, Any] = {
        "steps": steps,
        "batch_size": batch_size,
        "lr_g": lr_g,
        "lr_d": lr_d,
        "n_noise": noise,
        "n_points": points,
    }
    chosen = {name: value for name, value in knobs.items() if value is not None}
    settings = Settings(recipe, replace(RECIPES[recipe], **chosen), seed, device)

    # Imported here so that --help and a wrong option do not wait for torch.
    from train.pipeline import train_and_publish
    from train.progress import show_progress

    watch = partial(show_progress, steps=settings.recipe.steps)
    version, description = train_and_publish(settings, models, runs, watch)
    quality = ", ".join(f"{name} {value:.4g}" for name, value in description.quality.items())
    print(f"published version {version} in {models}: {quality}")


@app.command
def publish(run_folder: Path, *, models: Path = Path("models")) -> None:
    """Publish a finished run, for instance after a full disk kept it from being published.

    Parameters
    ----------
    run_folder
        The run's folder, such as runs/20300102-030405-tutorial-1.
    models
        The model repository to publish into.
    """
    from train.runs import Run

    print(f"published version {Run(run_folder).publish(models)} in {models}")


def main() -> None:
    """Runs the command line on this process's arguments."""
    run(app)


if __name__ == "__main__":
    main()
