"""What is known of a trained generator: its curves, what its models take and give, how it was
trained, and how good it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Self, get_args

import numpy as np

from curvegan.arrays import Float32Array, Float64Array

ModelName = Literal["generator", "sampler"]
MODEL_NAMES: tuple[ModelName, ...] = get_args(ModelName)

# As the Open Inference Protocol names them.
Datatype = Literal["INT64", "FP32"]
_DTYPES: dict[Datatype, np.dtype[Any]] = {"INT64": np.dtype("<i8"), "FP32": np.dtype("<f4")}

# Stands in a shape for the rows, of which there may be any number.
ROWS = -1

# Classes that a list of them names, and characters of each.
_LISTED = 20
_CHARACTERS = 40


@dataclass(frozen=True)
class Tensor:
    """A tensor that a model takes or gives: `shape` is [ROWS] or [ROWS, width]; `meaning` says
    what its numbers are."""

    name: str
    datatype: Datatype
    shape: list[int]
    meaning: str

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """The type of its numbers, little-endian, as on the wire."""
        return _DTYPES[self.datatype]

    @cached_property
    def width(self) -> int:
        """Numbers in a row."""
        return self.shape[1] if len(self.shape) > 1 else 1


Inputs = dict[ModelName, list[Tensor]]


def listed(labels: Sequence[str]) -> str:
    """Returns classes as an error lists them: the first, each with its index, and how many more."""
    short = [name if len(name) <= _CHARACTERS else f"{name[:_CHARACTERS]}…" for name in labels]
    shown = ", ".join(f"{index} {name!r}" for index, name in enumerate(short[:_LISTED]))
    return f"{shown} and {len(short) - _LISTED} more" if len(short) > _LISTED else shown


@dataclass(frozen=True)
class ModelSpec:
    """One of the two models: what it takes and what it gives."""

    name: ModelName
    inputs: list[Tensor]
    output: Tensor


Specs = dict[ModelName, ModelSpec]


def default_inputs(n_noise: int, n_labels: int = 0) -> Inputs:
    """Returns what the models take: `labels` too if the curves are of one of `n_labels` classes."""
    noise = Tensor("noise", "FP32", [ROWS, n_noise], "standard normal numbers, a row a curve")
    seeds = Tensor("seeds", "INT64", [ROWS], "any 64-bit integers, a seed a curve")
    labels = Tensor("labels", "INT64", [ROWS], f"classes, 0 to {n_labels - 1}, one a curve")
    more = [labels] if n_labels else []
    return {"generator": [noise, *more], "sampler": [seeds, *more]}


def model_specs(inputs: Inputs, n_points: int) -> Specs:
    """Returns both models: each gives a curve of `n_points` numbers for each row of its inputs."""
    curves = Tensor("curves", "FP32", [ROWS, n_points], "y at each x of the x grid, a row a curve")
    return {name: ModelSpec(name, inputs[name], curves) for name in MODEL_NAMES}


@dataclass(frozen=True)
class Parameter:
    """A parameter of a family that can be read off a curve y, [n_points]: weights · y + offset.

    In real curves it is uniformly distributed between `low` and `high`.
    """

    name: str
    weights: list[float]
    offset: float
    low: float
    high: float

    def of(self, curves: Float32Array | Float64Array) -> Float64Array:
        """Returns its value in each of `curves`, [n, n_points]: float64 [n]."""
        values: Float64Array = curves.astype(np.float64) @ np.array(self.weights) + self.offset
        return values


@dataclass(frozen=True)
class Family:
    """The curves that a model learnt.

    `lower_bound` and `upper_bound` hold the lowest and the highest y at each x, [n_points] each;
    both are None for a family without bounds. `units` are those of y, `x_name` is what x is, such
    as "hour", and `point_names` are what people call the points, such as the columns of a table:
    [n_points], or none where the values of x say it. `labels` are the classes that the curves are
    of, each at its index; none for curves without.
    """

    name: str
    lower_bound: list[float] | None = None
    upper_bound: list[float] | None = None
    parameters: list[Parameter] = field(default_factory=list)
    units: str = ""
    x_name: str = "x"
    point_names: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Measure:
    """A measure of quality: the name under which `Description.quality` has its value, and how it
    is to be read.

    `better` says which values are: lower ones, higher ones, or those nearer to the floor. `floor`
    is what real curves score, beyond which nothing has to go, `gaussian` what a normal distribution
    scores that was fitted to the training's curves, and `copies` what these curves themselves score
    with a little noise; None where that is not known. `low` and `high` are the ends of the value's
    interval over repeated draws. Values are shown with `digits` decimals.
    """

    name: str
    label: str
    better: Literal["lower", "higher", "nearer"]
    floor: float | None = None
    digits: int = 4
    gaussian: float | None = None
    copies: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def format(self) -> str:
        """How Python writes its values: the format specification."""
        return f".{self.digits}f"


@dataclass(frozen=True)
class ImportedFile:
    """The file that a generator trained elsewhere came in: its name without folders, what it is,
    such as "TorchScript", and its SHA-256 in hexadecimal."""

    name: str
    kind: str
    sha256: str


# What stands for the recipe of a generator that was trained elsewhere.
IMPORTED = "imported"


@dataclass(frozen=True)
class Training:
    """How a generator was trained: the recipe with all its hyperparameters, and how it ended.

    `d_real` is the mean probability that the discriminator gave to real curves, `score` its mean
    -loss; both over the last tenth of the steps. `ms_per_step` is what a step of the whole
    `population` of GANs took, of which this is the best.

    Of a generator that was trained elsewhere only the `imported` file is known: its recipe is
    IMPORTED, without hyperparameters, and the rest is None.
    """

    recipe: str
    hyperparameters: dict[str, int | float | str]
    seed: int | None
    device: str | None
    ms_per_step: float | None
    d_real: float | None
    score: float | None
    population: int = 1
    imported: ImportedFile | None = None

    @classmethod
    def elsewhere(cls, file: ImportedFile) -> Self:
        """Returns what is known of the training of a generator that came in `file`."""
        return cls(IMPORTED, {}, None, None, None, None, None, imported=file)


@dataclass(frozen=True)
class Description:
    """All that is known of a trained generator before it has a version.

    `parity` maps model, runtime to the largest absolute difference from torch eager, or from the
    given file if it was imported; `libraries` maps the name of a library to the version that
    trained and exported. `measures` explains the values of `quality`; one that it leaves out goes
    by its name. `verdict` says in a sentence how good the curves are. `inputs` are what each model
    takes, by default that of curves without labels; ValueError if a model takes nothing, or takes
    labels that the family does not name.
    """

    family: Family
    x_grid: list[float]
    n_noise: int
    seed_rule: str
    training: Training
    quality: dict[str, float]
    parity: dict[ModelName, dict[str, float]]
    libraries: dict[str, str]
    measures: list[Measure] = field(default_factory=list)
    verdict: str = ""
    inputs: Inputs = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Descriptions of before the field came have none; all of them were of unlabelled curves.
        if not self.inputs:
            object.__setattr__(self, "inputs", default_inputs(self.n_noise))
        missing = [name for name in MODEL_NAMES if not self.inputs.get(name)]
        if missing:
            raise ValueError(f"names no inputs of the {' and the '.join(missing)}")
        for name in MODEL_NAMES:
            if (len(self.inputs[name]) > 1) != bool(self.family.labels):
                raise ValueError(f"names labels, but none that the {name} takes, or the reverse")

    @property
    def n_points(self) -> int:
        """Numbers in a curve."""
        return len(self.x_grid)

    @property
    def specs(self) -> Specs:
        """Both models, what they take and what they give."""
        return model_specs(self.inputs, self.n_points)
