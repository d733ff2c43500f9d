"""The command line: python -m train."""

from serve import early_interrupt  # noqa: F401, I001  (first: the others take their time)

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, Token

from serve.command_line import make_app, run
from serve.repository import DEFAULT_MODELS
from train.recipes import RECIPES, DeviceName, RecipeName, Settings

app = make_app("curvegan-train", "Train a GAN on curves and publish its generator.")


def _whole(_type: type, tokens: Sequence[Token]) -> int:
    """Reads a whole number; cyclopts itself would round 1.5."""
    return int(tokens[0].value)


def _changes(hyperparameter: str, help_text: str, name: str | None = None) -> Parameter:
    """Returns the option that changes one hyperparameter; its help shows each recipe's value."""
    values = ", ".join(
        f"{recipe_name}: {getattr(recipe, hyperparameter)}"
        for recipe_name, recipe in RECIPES.items()
    )
    converter = _whole if isinstance(getattr(RECIPES["tutorial"], hyperparameter), int) else None
    return Parameter(name=name, help=f"{help_text} [{values}]", converter=converter)


@Parameter(name="*")
@dataclass(frozen=True)
class Changes:
    """What to change in a recipe; None leaves the recipe's value. The fields are `Recipe`'s."""

    steps: Annotated[int | None, _changes("steps", "Updates of each network.")] = None
    batch_size: Annotated[int | None, _changes("batch_size", "Real curves of a step.")] = None
    lr_g: Annotated[float | None, _changes("lr_g", "Learning rate of the generator.")] = None
    lr_d: Annotated[float | None, _changes("lr_d", "Learning rate of the discriminator.")] = None
    n_noise: Annotated[int | None, _changes("n_noise", "Numbers that make a curve.", "--noise")] = (
        None
    )
    n_points: Annotated[
        int | None, _changes("n_points", "Points of a curve, from x = -1 to 1.", "--points")
    ] = None


@app.default
def train(
    *,
    recipe: RecipeName = "tutorial",
    changes: Changes = Changes(),
    seed: Annotated[int, Parameter(converter=_whole)] = 1,
    device: DeviceName = "auto",
    models: Path = DEFAULT_MODELS,
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
    changed = {name: value for name, value in asdict(changes).items() if value is not None}
    settings = Settings(recipe, replace(RECIPES[recipe], **changed), seed, device)

    # Imported here so that --help and a wrong option do not wait for torch.
    from train.pipeline import train_and_publish
    from train.progress import show_progress

    watch = partial(show_progress, steps=settings.recipe.steps)
    version, description = train_and_publish(settings, models, runs, watch)
    quality = ", ".join(f"{name} {value:.4g}" for name, value in description.quality.items())
    print(f"published version {version} in {models}: {quality}")


@app.command
def publish(run_folder: Path, *, models: Path = DEFAULT_MODELS) -> None:
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
