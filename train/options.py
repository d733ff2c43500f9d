"""The options of the command `train` that come in groups."""

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Group, Parameter

from curvegan.command.command_line import whole_number
from curvegan.command.requirements import need_packages
from curvegan.errors import CurveganError
from curvegan.repository.repository import DEFAULT_MODELS
from train.data.table.data_file import DataFile, Missing
from train.recipes import RECIPES, SIZES, LrDecay, RecipeName
from train.settings import FamilyName, Settings, recipe_for

_OWN_CURVES = Group.create_ordered("Your own curves")


def _changes(hyperparameter: str, help_text: str, name: str | None = None) -> Parameter:
    """Returns the option that changes one hyperparameter; its help shows each recipe's value."""
    chosen = {
        recipe_name: getattr(recipe, hyperparameter) for recipe_name, recipe in RECIPES.items()
    }
    values = ", ".join(
        f"{recipe_name}: {'by the curves' if value == 0 and hyperparameter in SIZES else value}"
        for recipe_name, value in chosen.items()
    )
    whole = isinstance(getattr(RECIPES["tutorial"], hyperparameter), int)
    converter = whole_number if whole else None
    return Parameter(name=name, help=f"{help_text} [{values}]", converter=converter)


@Parameter(name="*")
@dataclass(frozen=True)
class Changes:
    """What to change in a recipe; None leaves the recipe's value. The fields are `Recipe`'s."""

    steps: Annotated[int | None, _changes("steps", "Updates of each network.")] = None
    batch_size: Annotated[int | None, _changes("batch_size", "Real curves in a step.")] = None
    lr_g: Annotated[float | None, _changes("lr_g", "Learning rate of the generator.")] = None
    lr_d: Annotated[float | None, _changes("lr_d", "Learning rate of the discriminator.")] = None
    lr_decay: Annotated[LrDecay | None, _changes("lr_decay", "How both fall to 0.")] = None
    beta1_g: Annotated[float | None, _changes("beta1_g", "Adam's decay rate of G's gradient.")] = (
        None
    )
    beta1_d: Annotated[float | None, _changes("beta1_d", "Adam's decay rate of D's gradient.")] = (
        None
    )
    beta2_g: Annotated[
        float | None, _changes("beta2_g", "Adam's decay rate of the square of G's gradient.")
    ] = None
    beta2_d: Annotated[
        float | None, _changes("beta2_d", "Adam's decay rate of the square of D's gradient.")
    ] = None
    ema: Annotated[
        float | None, _changes("ema", "Decay rate of the average of weights that is exported.")
    ] = None
    n_noise: Annotated[int | None, _changes("n_noise", "Numbers that make a curve.", "--noise")] = (
        None
    )
    n_points: Annotated[int | None, _changes("n_points", "Points of a curve.", "--points")] = None
    width: Annotated[int | None, _changes("width", "Units of a hidden layer.")] = None
    depth: Annotated[int | None, _changes("depth", "Hidden layers of each network.")] = None

    def given(self) -> dict[str, Any]:
        """Returns what is to be changed."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def _of_data(help_text: str) -> Parameter:
    return Parameter(help=help_text, group=_OWN_CURVES)


@Parameter(name="*")
@dataclass(frozen=True)
class DataOptions:
    """Which curves of the user's to learn. The fields are `DataFile`'s, but for `data`, its
    path."""

    data: Annotated[
        Path | None, _of_data("A table of curves: .csv, .tsv, .parquet, .npy or .npz.")
    ] = None
    x: Annotated[
        Path | None,
        _of_data(
            "A file with the x of each column [default: the header, if it holds numbers or dates]."
        ),
    ] = None
    id_column: Annotated[
        str | None, _of_data("In a table with a row a point: which curve it is of.")
    ] = None
    x_column: Annotated[str | None, _of_data("In a table with a row a point: its x.")] = None
    y_column: Annotated[str | None, _of_data("In a table with a row a point: its y.")] = None
    label_column: Annotated[str | None, _of_data("The column of each curve's class.")] = None
    resample: Annotated[
        int | None,
        Parameter(
            help="Interpolate all curves at so many equally spaced points.",
            group=_OWN_CURVES,
            converter=whole_number,
        ),
    ] = None
    missing: Annotated[
        Missing | None, _of_data("What becomes of missing cells, which are an error otherwise.")
    ] = None
    units: Annotated[str | None, _of_data("The units of y.")] = None
    name: Annotated[str | None, _of_data("What the curves are called [default: as the file].")] = (
        None
    )

    def asked(self) -> DataFile | None:
        """Returns what is asked for, None without --data.

        Raises CurveganError for options that do not go together.
        """
        given: dict[str, Any] = {
            field.name: str(value) if isinstance(value, Path) else value
            for field in fields(self)
            if (value := getattr(self, field.name)) is not None
        }
        path = given.pop("data", None)
        if path is None:
            if given:
                option = next(iter(given)).replace("_", "-")
                raise CurveganError(f"--{option} says how to read a table: name it with --data")
            return None
        need_packages("--data", "data", ("pyarrow",))
        return DataFile(path, **given)


def new_settings(
    family: FamilyName | None,
    data: DataFile | None,
    recipe: RecipeName | None,
    changes: Changes,
    models: Path | None,
    **asked: Any,
) -> Settings:
    """Returns the settings of a new training, with the defaults of `Settings` wherever an option is
    None; `asked` are the others of its fields.

    Raises CurveganError if options ask for two sorts of curves at once.
    """
    if data and family:
        raise CurveganError("--family names curves that are built in: leave it or --data out")
    if data and changes.n_points is not None:
        raise CurveganError(
            "--points is for curves that are built in: a table has its own; --resample N "
            "interpolates them at N points"
        )
    name = recipe or recipe_for(family or Settings.family, data)
    whole_recipe = replace(RECIPES[name], **changes.given())
    asked |= {"family": family, "data": data}
    given = {option: value for option, value in asked.items() if value is not None}
    return Settings(name, whole_recipe, models=str(models or DEFAULT_MODELS), **given)
