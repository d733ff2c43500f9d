"""The JSON documents of a run's folder."""

from pathlib import Path
from typing import TypeVar

import msgspec

from curvegan.errors import CurveganError

Content = TypeVar("Content")


def read_document(path: Path, kind: type[Content]) -> Content | None:
    """Returns what the JSON file at `path` holds, or None if there is none.

    Raises CurveganError if it can't be read, or holds something else than a `kind`.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise CurveganError(f"can't read {path}: {error}") from error
