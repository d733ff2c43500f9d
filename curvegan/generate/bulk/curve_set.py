"""What a set of curves is: the seeds and classes of one model version, cut into parts."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Literal, Self

import msgspec

from curvegan.errors import CurveganError
from curvegan.generate.labels import named_classes
from curvegan.generate.seed_text import count_seeds, format_seeds, merged, parse_seeds
from curvegan.repository.manifest import to_json
from curvegan.repository.repository import ModelVersion

FORMAT = 1
# Whoever reads a folder of Parquet files leaves out what begins with a line.
SET = "_set.json"

FileFormat = Literal["parquet", "npy"]

# What a part is to hold, about: files that any program handles, few enough to list.
_PART_BYTES = 64_000_000
_SEED_BYTES = 8


@dataclass(frozen=True)
class Part:
    """The curves of unbroken `seeds`; of the class `label`, or of none."""

    seeds: range
    label: str | None

    def __str__(self) -> str:
        seeds = f"seeds {format_seeds([self.seeds])}"
        return seeds if self.label is None else f"{seeds} of {self.label!r}"


@dataclass(frozen=True)
class CurveSet:
    """All that decides the bytes of a set: `_set.json`, and the metadata of each Parquet file.

    `manifest_sha256` is the sum of the sampler's manifest, which vouches for the whole version.
    `seeds` are ascending, each once, as `parse_seeds` reads them. `labels` maps each class asked
    for to its index in the model; empty for a model without.
    """

    format: int
    model_version: int
    manifest_sha256: str
    seeds: str
    labels: dict[str, int]
    file_format: FileFormat
    seeds_per_part: int
    family: str
    x_grid: list[float]
    x_name: str
    point_names: list[str]
    units: str

    def __str__(self) -> str:
        return f"{self.n_rows} curves of model version {self.model_version}"

    @classmethod
    def of(
        cls, model: ModelVersion, seeds: str, labels: Sequence[str], file_format: FileFormat
    ) -> Self:
        """Returns the set that is asked for by `seeds` and `labels` as people write them.

        Raises CurveganError for what is not a seed, and for labels that the model does not know.
        """
        description = model.description
        family = description.family
        asked = named_classes(labels, family.labels)
        return cls(
            format=FORMAT,
            model_version=model.number,
            manifest_sha256=model.sampler_manifest.self_sha256,
            seeds=format_seeds(merged(parse_seeds(seeds))),
            # In the order of the classes, however they were asked for.
            labels={name: index for index, name in enumerate(family.labels) if name in asked},
            file_format=file_format,
            seeds_per_part=_seeds_per_part(description.n_points),
            family=family.name,
            x_grid=description.x_grid,
            x_name=family.x_name,
            point_names=family.point_names,
            units=family.units,
        )

    @classmethod
    def from_json(cls, content: bytes, origin: str) -> Self:
        """Returns the set that `content`, read from `origin`, describes. Raises CurveganError."""
        try:
            found = msgspec.json.decode(content, type=cls)
            parse_seeds(found.seeds)
        except (msgspec.MsgspecError, CurveganError) as error:
            raise CurveganError(
                f"{origin} does not describe a set of curves ({error}): restore it, or make the "
                "set anew in another place"
            ) from error
        if found.format != FORMAT or found.seeds_per_part < 1:
            raise CurveganError(
                f"{origin} has format {found.format}, this program reads format {FORMAT}: use the "
                "release of curvegan that wrote it"
            )
        return found

    def to_json(self) -> bytes:
        """Returns the content of `_set.json`."""
        return to_json(self)

    @property
    def n_points(self) -> int:
        """Numbers in a curve."""
        return len(self.x_grid)

    @property
    def n_rows(self) -> int:
        """Curves in the set."""
        return sum(map(count_seeds, parse_seeds(self.seeds))) * max(1, len(self.labels))

    def parts(self) -> Iterator[Part]:
        """Yields the parts, cut where the seed is a multiple of `seeds_per_part`."""
        for unbroken in parse_seeds(self.seeds):
            start = unbroken.start
            while start < unbroken.stop:
                cut = (start // self.seeds_per_part + 1) * self.seeds_per_part
                seeds = range(start, min(cut, unbroken.stop))
                for label in self.labels or [None]:
                    yield Part(seeds, label)
                start = seeds.stop

    def file_name(self, part: Part) -> str:
        """Returns the name of a part's file: sorted by name, parts come in the order of seeds."""
        name = f"seeds_{part.seeds[0]:0{self._width}}_{part.seeds[-1]:0{self._width}}"
        if part.label is not None:
            name += f"_label_{self.labels[part.label]}"
        return f"{name}.{self.file_format}"

    @cached_property
    def _width(self) -> int:
        """Digits of the longest seed; kept, for `seeds` may be long."""
        return max(len(end) for end in self.seeds.replace("-", ",").split(","))

    def check_same(self, asked: Self, place: str) -> None:
        """Raises CurveganError unless this set, which lies at `place`, is the one `asked` for."""
        for field in fields(self):
            found, wanted = getattr(self, field.name), getattr(asked, field.name)
            if found != wanted:
                raise CurveganError(
                    f"{place} holds another set of curves ({field.name.replace('_', ' ')} "
                    f"{_short(found)}, not {_short(wanted)}): ask for the same, or give another "
                    "--out"
                )


def _seeds_per_part(n_points: int) -> int:
    """Returns the power of two of curves that take about `_PART_BYTES`."""
    row_bytes = _SEED_BYTES + 4 * n_points
    return 1 << max(0, round(math.log2(_PART_BYTES / row_bytes)))


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
