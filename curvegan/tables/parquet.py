"""Tables in Parquet."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pa_parquet

from curvegan.errors import CurveganError
from curvegan.tables.table import CELLS, TYPES, Kind

# An index that pandas wrote beside a table's own columns.
_INDEX = "__index_level_"


class Parquet:
    """A table in a Parquet file."""

    def __init__(self, path: Path) -> None:
        """Raises CurveganError if the file is damaged."""
        self.path = path
        try:
            # Without reading ahead, which keeps all that was read in memory.
            self._file = pa_parquet.ParquetFile(
                path, pre_buffer=False, page_checksum_verification=True
            )
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from error
        names = self._file.schema_arrow.names
        self.names = [name for name in names if not name.startswith(_INDEX)]

    def batches(self, kinds: Mapping[str, Kind]) -> Iterator[pa.RecordBatch]:
        """See `Table`."""
        for name, kind in kinds.items():
            self._check(name, kind)
        size = max(1, CELLS // len(kinds))
        try:
            for batch in self._file.iter_batches(size, columns=list(kinds)):
                columns = {name: _column(batch.column(name), kind) for name, kind in kinds.items()}
                read = pa.RecordBatch.from_pydict(columns)
                read.validate(full=True)  # Text that is not UTF-8, above all.
                yield read
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from error

    def line_of(self, row: int) -> int | None:  # noqa: ARG002
        """See `Table`."""
        return None

    def _check(self, name: str, kind: Kind) -> None:
        """Raises CurveganError if a column can't be read as `kind`."""
        found = self._file.schema_arrow.field(name).type
        if pa.types.is_nested(found):
            raise CurveganError(
                f"{self.path}, column {name!r} holds {found}: give columns of single values"
            )
        numeric = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_null)
        if kind == "number" and not any(is_it(found) for is_it in numeric):
            raise CurveganError(
                f"{self.path}, column {name!r} holds {found}, not numbers: convert it or leave it "
                "out"
            )

    def _damaged(self, error: Exception) -> CurveganError:
        return CurveganError(f"{self.path} is damaged, write it again: {error}")


def _column(cells: pa.Array, kind: Kind) -> pa.Array:
    """Returns the cells of a column as `kind`."""
    if kind == "text" and pa.types.is_floating(cells.type):
        cells = pc.if_else(pc.is_nan(cells), None, cells)
    return cells.cast(TYPES[kind], safe=False) if kind in TYPES else cells
