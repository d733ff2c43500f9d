"""Tables in text: a row a line, with a header."""

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv

from curvegan.errors import CurveganError
from curvegan.tables.table import TYPES, Kind

# Bytes that are read at once; a line must not be longer.
_BLOCK = 16 * 2**20

_MISSING = frozenset(pa_csv.ConvertOptions().null_values)

# A line and its number, and the cells of the record that ends there.
Record = tuple[int, list[str]]


class Delimited:
    """A table in a file of text whose cells stand between `delimiter`s."""

    def __init__(self, path: Path, delimiter: str) -> None:
        """Reads the header. Raises CurveganError if it can't be read."""
        self.path = path
        self._delimiter = delimiter
        with self._records() as records:
            _, self.names = next(records, (0, [""]))
        if len(self.names) > 1:
            return
        for other, called in ((",", "commas"), (";", "semicolons"), ("\t", "tabs")):
            if other in self.names[0]:
                raise CurveganError(
                    f"{path} separates its columns by {called}: commas belong into a .csv, tabs "
                    "into a .tsv, and numbers are written as 1.5"
                )

    def batches(self, kinds: Mapping[str, Kind]) -> Iterator[pa.RecordBatch]:
        """See `Table`."""
        try:
            yield from pa_csv.open_csv(
                self.path,
                # One thread: the rows come in order.
                pa_csv.ReadOptions(use_threads=False, block_size=_BLOCK),
                pa_csv.ParseOptions(delimiter=self._delimiter),
                pa_csv.ConvertOptions(
                    include_columns=list(kinds),
                    # Never as the first rows look: later ones may look otherwise.
                    column_types={name: TYPES.get(of, pa.string()) for name, of in kinds.items()},
                    # NA is missing, "NA" is a word.
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
        except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
            raise self._explained(kinds, error) from error

    def line_of(self, row: int) -> int | None:
        """See `Table`."""
        with self._records() as records:
            return next((line for line, _ in islice(records, row, None)), None)

    def _explained(self, kinds: Mapping[str, Kind], error: Exception) -> CurveganError:
        """Returns what is wrong, which pyarrow says without a column's name and without the line
        where there are empty ones."""
        row = 0
        with self._records() as records:
            for row, (line, cells) in enumerate(islice(records, 1, None), 1):
                place = f"{self.path}, row {row} (line {line})"
                if len(cells) != len(self.names):
                    return CurveganError(
                        f"{place} has {len(cells)} cells and the header has {len(self.names)}: "
                        "complete the row or remove it"
                    )
                for name, cell in zip(self.names, cells, strict=True):
                    if kinds.get(name) == "number" and not _is_number(cell):
                        return CurveganError(
                            f"{place}, column {name!r}: {cell[:40]!r} is not a number; "
                            f"{_advice(cell)}"
                        )
        if not row:
            return CurveganError(f"{self.path} is a header alone: give rows below it")
        return CurveganError(f"can't read {self.path}: {error}")

    @contextmanager
    def _records(self) -> Iterator[Iterator[Record]]:
        """Yields the records that are not empty, the header first."""
        line = 0

        def records() -> Iterator[Record]:
            nonlocal line
            for cells in reader:
                line = reader.line_num
                if cells:
                    yield line, cells

        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                reader = csv.reader(file, delimiter=self._delimiter)
                yield records()
        except UnicodeDecodeError as error:
            raise CurveganError(
                f"{self.path}, line {self._first_not_utf8()} is not UTF-8: save the file as UTF-8, "
                "not as Latin-1 or Windows-1252"
            ) from error
        except csv.Error as error:
            raise CurveganError(f"can't read {self.path} after line {line}: {error}") from error
        except OSError as error:
            raise CurveganError(f"can't read {self.path}: {error.strerror}") from error

    def _first_not_utf8(self) -> int:
        """Returns the number of the first line that can't be decoded, which csv reads in blocks."""
        with self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.decode(errors="ignore").encode() != line:
                    return number
        return 0  # It changed meanwhile.


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell.strip() in _MISSING
    return "_" not in cell


def _advice(cell: str) -> str:
    if cell.strip().translate(str.maketrans("", "", "+-.,' \u00a0")).isdecimal():
        return "write numbers as 1234.5, without decimal commas and thousands separators"
    return "correct it, leave it empty if it is missing, or leave the column out"
