"""`Model`: what a client may know of a model version.

Its fields, and those of what stands in it, are by name the fields of the message `GetModelResponse`
in proto/. The server fills a Model from what is published and answers with it, over gRPC as that
message and over HTTP as JSON; a client reads it back from the message.
"""

from dataclasses import dataclass, fields
from types import NoneType
from typing import TYPE_CHECKING, Any, Self, TypeVar, get_args, get_origin

import numpy as np
from google.protobuf.message import Message

from curvegan.arrays import Float64Array
from curvegan.repository.description import Measure, Parameter, Tensor

if TYPE_CHECKING:  # A client needs no repository.
    from curvegan.repository.repository import ModelVersion

Content = TypeVar("Content")


@dataclass(frozen=True)
class Model:
    """A model version as the server describes it.

    `x_grid` is float64 [n_points]. `lower_bound` and `upper_bound` are the lowest and the highest y
    at each x, likewise, or None for a family without bounds. `max_rows` is the most rows of one
    `generate` call. `measures` says how the values of `quality` are to be read, `verdict` how good
    the curves are, in a sentence, and `parameters` which ones of the family can be read off a
    curve. `units` are those of y, `x_name` is what x is, and `point_names` are what people call the
    points, if not by x. `labels` are the classes that a curve can be asked to be of; empty for a
    model without. `training_seed` is None where nobody knows it, as of an imported generator. Older
    servers leave some fields out: these are empty.
    """

    version: int
    family: str
    x_grid: Float64Array
    lower_bound: Float64Array | None
    upper_bound: Float64Array | None
    n_noise: int
    max_rows: int
    recipe: str
    training_seed: int | None
    quality: dict[str, float]
    sampler_sha256: str
    generator_sha256: str
    seed_rule: str
    sampler_inputs: list[Tensor]
    generator_inputs: list[Tensor]
    output: Tensor
    measures: list[Measure]
    parameters: list[Parameter]
    verdict: str
    units: str
    x_name: str
    point_names: list[str]
    labels: list[str]

    @property
    def bounds(self) -> tuple[Float64Array, Float64Array] | None:
        """The lowest and the highest y at each x, or None for a family without bounds."""
        if self.lower_bound is None or self.upper_bound is None:
            return None
        return self.lower_bound, self.upper_bound

    def label(self, measure: str) -> str:
        """Returns what people call the measure of quality `measure`."""
        return next((known.label for known in self.measures if known.name == measure), measure)

    @classmethod
    def of(cls, published: "ModelVersion", max_rows: int) -> Self:
        """Returns the description of a published version, of which a server gives at most
        `max_rows` rows in one answer."""
        description = published.description
        family = description.family
        return cls(
            version=published.number,
            family=family.name,
            x_grid=np.array(description.x_grid),
            lower_bound=_array(family.lower_bound),
            upper_bound=_array(family.upper_bound),
            n_noise=description.n_noise,
            max_rows=max_rows,
            recipe=description.training.recipe,
            training_seed=description.training.seed,
            quality=description.quality,
            sampler_sha256=published.sampler_sha256,
            generator_sha256=published.generator_sha256,
            seed_rule=description.seed_rule,
            sampler_inputs=description.inputs["sampler"],
            generator_inputs=description.inputs["generator"],
            output=description.specs["sampler"].output,
            measures=description.measures,
            parameters=family.parameters,
            verdict=description.verdict,
            units=family.units,
            x_name=family.x_name,
            point_names=family.point_names,
            labels=family.labels,
        )

    @classmethod
    def from_message(cls, message: Message) -> Self:
        """Returns what the GetModelResponse `message` says."""
        return _read(cls, message)


def _array(values: list[float] | None) -> Float64Array | None:
    return None if values is None else np.array(values)


def _read(kind: type[Content], message: Message) -> Content:
    """Returns the dataclass `kind` with the message's fields of the same names."""
    said = {field.name for field, _ in message.ListFields()}
    content = {
        field.name: _value(field.type, getattr(message, field.name), field.name in said)
        for field in fields(kind)  # type: ignore[arg-type]
    }
    return kind(**content)


def _value(kind: Any, value: Any, is_said: bool) -> Any:
    """Returns the value of a message's field as `kind`; None for an `X | None` that is not said."""
    if NoneType in get_args(kind):
        if not is_said:
            return None
        kind = next(one for one in get_args(kind) if one is not NoneType)
    if isinstance(value, Message):
        return _read(kind, value)
    if get_origin(kind) is np.ndarray:
        return np.array(value, np.float64)
    if get_origin(kind) is list:
        (element,) = get_args(kind)
        return [_read(element, one) if isinstance(one, Message) else one for one in value]
    if get_origin(kind) is dict:
        return dict(value)
    return value
