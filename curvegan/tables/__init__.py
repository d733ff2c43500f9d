"""Tables in files, read batch by batch: .csv, .tsv, .parquet, .npy and .npz.

Needs pyarrow. Knows columns and cells, nothing of curves. Read in this order: `table` (what a table
is), `delimited`, `parquet` and `array` (the kinds of files).
"""

from pathlib import Path

from curvegan.errors import CurveganError
from curvegan.tables.array import Array
from curvegan.tables.delimited import Delimited
from curvegan.tables.parquet import Parquet
from curvegan.tables.table import Kind, Table, check_columns, numbers, place_of

__all__ = ["SUFFIXES", "Kind", "Table", "check_columns", "numbers", "open_table", "place_of"]

SUFFIXES = (".csv", ".tsv", ".parquet", ".npy", ".npz")

# How files begin whose suffix may say something else, and what to do about it.
_BEGINS = {
    b"\x1f\x8b": ("gzip", "unpack it first"),
    b"BZh": ("bzip2", "unpack it first"),
    b"\x28\xb5\x2f\xfd": ("zstd", "unpack it first"),
    b"\xff\xfe": ("UTF-16 text", "save it as UTF-8"),
    b"\xfe\xff": ("UTF-16 text", "save it as UTF-8"),
    b"PAR1": ("Parquet", "let its name end in .parquet"),
    b"\x93NUMPY": ("a numpy array", "let its name end in .npy"),
    b"PK\x03\x04": ("a zip archive", "save a sheet as .csv, or arrays with numpy.savez as .npz"),
}
_BEGIN_OF = {".parquet": b"PAR1", ".npy": b"\x93NUMPY", ".npz": b"PK\x03\x04"}


def open_table(path: Path) -> Table:
    """Returns the table in the file `path`.

    Raises CurveganError if there is none: no such file, no regular file, another kind of file than
    its name says, empty, damaged, or with two columns of one name.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        known = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        raise CurveganError(
            f"can't read {str(path)!r}: its name must end in {known}; unpack a packed file first"
        )
    _check_begin(path, suffix)
    table: Table
    match suffix:
        case ".csv":
            table = Delimited(path, ",")
        case ".tsv":
            table = Delimited(path, "\t")
        case ".parquet":
            table = Parquet(path)
        case _:
            table = Array(path)
    seen: set[str] = set()
    for name in table.names:
        if name in seen:
            raise CurveganError(
                f"{path} has two columns {name!r}: give each a name of its own, or add a header if "
                "there is none"
            )
        seen.add(name)
    return table


def _check_begin(path: Path, suffix: str) -> None:
    """Raises CurveganError if `path` is not a regular file, or begins as another kind of file."""
    try:
        if path.is_dir():
            raise CurveganError(f"{path} is a folder: give a file")
        if path.exists() and not path.is_file():  # Its end may never come.
            raise CurveganError(f"{path} is not a regular file: save the table into one")
        with path.open("rb") as file:
            begin = file.read(4096)
    except OSError as error:
        raise CurveganError(f"can't read {path}: {error.strerror}") from error
    if not begin:
        raise CurveganError(f"{path} is empty: give a file with a table")
    expected = _BEGIN_OF.get(suffix, b"")
    for known, (kind, advice) in _BEGINS.items():
        if begin.startswith(known) and known != expected:
            raise CurveganError(f"{path} is {kind}, not what {suffix} says: {advice}")
    if not expected and b"\0" in begin:
        raise CurveganError(
            f"{path} is not text, though its name ends in {suffix}: export the table as UTF-8 text"
        )
    if not begin.startswith(expected):
        raise CurveganError(f"{path} is not a {suffix} file: give it the suffix of what it is")
