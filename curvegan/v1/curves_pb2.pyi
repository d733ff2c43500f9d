from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CurveSource(_message.Message):
    __slots__ = ("seeds", "range", "noise", "labels")
    SEEDS_FIELD_NUMBER: _ClassVar[int]
    RANGE_FIELD_NUMBER: _ClassVar[int]
    NOISE_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    seeds: SeedList
    range: SeedRange
    noise: NoiseRows
    labels: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, seeds: _Optional[_Union[SeedList, _Mapping]] = ..., range: _Optional[_Union[SeedRange, _Mapping]] = ..., noise: _Optional[_Union[NoiseRows, _Mapping]] = ..., labels: _Optional[_Iterable[int]] = ...) -> None: ...

class SeedList(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, values: _Optional[_Iterable[int]] = ...) -> None: ...

class SeedRange(_message.Message):
    __slots__ = ("first", "count")
    FIRST_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    first: int
    count: int
    def __init__(self, first: _Optional[int] = ..., count: _Optional[int] = ...) -> None: ...

class NoiseRows(_message.Message):
    __slots__ = ("values", "width")
    VALUES_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    width: int
    def __init__(self, values: _Optional[_Iterable[float]] = ..., width: _Optional[int] = ...) -> None: ...

class GenerateCurvesRequest(_message.Message):
    __slots__ = ("version", "source")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    version: int
    source: CurveSource
    def __init__(self, version: _Optional[int] = ..., source: _Optional[_Union[CurveSource, _Mapping]] = ...) -> None: ...

class GenerateCurvesResponse(_message.Message):
    __slots__ = ("version", "n_points", "values")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    N_POINTS_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    version: int
    n_points: int
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, version: _Optional[int] = ..., n_points: _Optional[int] = ..., values: _Optional[_Iterable[float]] = ...) -> None: ...

class StreamCurvesRequest(_message.Message):
    __slots__ = ("version", "source")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    version: int
    source: CurveSource
    def __init__(self, version: _Optional[int] = ..., source: _Optional[_Union[CurveSource, _Mapping]] = ...) -> None: ...

class StreamCurvesResponse(_message.Message):
    __slots__ = ("version", "n_points", "values", "first_row")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    N_POINTS_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    FIRST_ROW_FIELD_NUMBER: _ClassVar[int]
    version: int
    n_points: int
    values: _containers.RepeatedScalarFieldContainer[float]
    first_row: int
    def __init__(self, version: _Optional[int] = ..., n_points: _Optional[int] = ..., values: _Optional[_Iterable[float]] = ..., first_row: _Optional[int] = ...) -> None: ...

class GetModelRequest(_message.Message):
    __slots__ = ("version",)
    VERSION_FIELD_NUMBER: _ClassVar[int]
    version: int
    def __init__(self, version: _Optional[int] = ...) -> None: ...

class GetModelResponse(_message.Message):
    __slots__ = ("version", "family", "x_grid", "lower_bound", "upper_bound", "n_noise", "max_rows", "recipe", "training_seed", "quality", "sampler_sha256", "generator_sha256", "seed_rule", "sampler_inputs", "generator_inputs", "output", "measures", "parameters", "verdict", "units", "x_name", "point_names", "labels")
    class QualityEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    VERSION_FIELD_NUMBER: _ClassVar[int]
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    X_GRID_FIELD_NUMBER: _ClassVar[int]
    LOWER_BOUND_FIELD_NUMBER: _ClassVar[int]
    UPPER_BOUND_FIELD_NUMBER: _ClassVar[int]
    N_NOISE_FIELD_NUMBER: _ClassVar[int]
    MAX_ROWS_FIELD_NUMBER: _ClassVar[int]
    RECIPE_FIELD_NUMBER: _ClassVar[int]
    TRAINING_SEED_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    SAMPLER_SHA256_FIELD_NUMBER: _ClassVar[int]
    GENERATOR_SHA256_FIELD_NUMBER: _ClassVar[int]
    SEED_RULE_FIELD_NUMBER: _ClassVar[int]
    SAMPLER_INPUTS_FIELD_NUMBER: _ClassVar[int]
    GENERATOR_INPUTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    MEASURES_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    X_NAME_FIELD_NUMBER: _ClassVar[int]
    POINT_NAMES_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    version: int
    family: str
    x_grid: _containers.RepeatedScalarFieldContainer[float]
    lower_bound: _containers.RepeatedScalarFieldContainer[float]
    upper_bound: _containers.RepeatedScalarFieldContainer[float]
    n_noise: int
    max_rows: int
    recipe: str
    training_seed: int
    quality: _containers.ScalarMap[str, float]
    sampler_sha256: str
    generator_sha256: str
    seed_rule: str
    sampler_inputs: _containers.RepeatedCompositeFieldContainer[Tensor]
    generator_inputs: _containers.RepeatedCompositeFieldContainer[Tensor]
    output: Tensor
    measures: _containers.RepeatedCompositeFieldContainer[Measure]
    parameters: _containers.RepeatedCompositeFieldContainer[Parameter]
    verdict: str
    units: str
    x_name: str
    point_names: _containers.RepeatedScalarFieldContainer[str]
    labels: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, version: _Optional[int] = ..., family: _Optional[str] = ..., x_grid: _Optional[_Iterable[float]] = ..., lower_bound: _Optional[_Iterable[float]] = ..., upper_bound: _Optional[_Iterable[float]] = ..., n_noise: _Optional[int] = ..., max_rows: _Optional[int] = ..., recipe: _Optional[str] = ..., training_seed: _Optional[int] = ..., quality: _Optional[_Mapping[str, float]] = ..., sampler_sha256: _Optional[str] = ..., generator_sha256: _Optional[str] = ..., seed_rule: _Optional[str] = ..., sampler_inputs: _Optional[_Iterable[_Union[Tensor, _Mapping]]] = ..., generator_inputs: _Optional[_Iterable[_Union[Tensor, _Mapping]]] = ..., output: _Optional[_Union[Tensor, _Mapping]] = ..., measures: _Optional[_Iterable[_Union[Measure, _Mapping]]] = ..., parameters: _Optional[_Iterable[_Union[Parameter, _Mapping]]] = ..., verdict: _Optional[str] = ..., units: _Optional[str] = ..., x_name: _Optional[str] = ..., point_names: _Optional[_Iterable[str]] = ..., labels: _Optional[_Iterable[str]] = ...) -> None: ...

class Tensor(_message.Message):
    __slots__ = ("name", "datatype", "shape", "meaning")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DATATYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    MEANING_FIELD_NUMBER: _ClassVar[int]
    name: str
    datatype: str
    shape: _containers.RepeatedScalarFieldContainer[int]
    meaning: str
    def __init__(self, name: _Optional[str] = ..., datatype: _Optional[str] = ..., shape: _Optional[_Iterable[int]] = ..., meaning: _Optional[str] = ...) -> None: ...

class Measure(_message.Message):
    __slots__ = ("name", "label", "better", "floor", "digits", "gaussian", "copies", "low", "high")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    BETTER_FIELD_NUMBER: _ClassVar[int]
    FLOOR_FIELD_NUMBER: _ClassVar[int]
    DIGITS_FIELD_NUMBER: _ClassVar[int]
    GAUSSIAN_FIELD_NUMBER: _ClassVar[int]
    COPIES_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    name: str
    label: str
    better: str
    floor: float
    digits: int
    gaussian: float
    copies: float
    low: float
    high: float
    def __init__(self, name: _Optional[str] = ..., label: _Optional[str] = ..., better: _Optional[str] = ..., floor: _Optional[float] = ..., digits: _Optional[int] = ..., gaussian: _Optional[float] = ..., copies: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ...) -> None: ...

class Parameter(_message.Message):
    __slots__ = ("name", "weights", "offset", "low", "high")
    NAME_FIELD_NUMBER: _ClassVar[int]
    WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    name: str
    weights: _containers.RepeatedScalarFieldContainer[float]
    offset: float
    low: float
    high: float
    def __init__(self, name: _Optional[str] = ..., weights: _Optional[_Iterable[float]] = ..., offset: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ...) -> None: ...
