"""A user's table on its way into a run, which keeps its curves."""

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from curvegan.errors import CurveganError, LockedError
from curvegan.files import ASIDE, ASIDE_NAMES, locked
from train.data.table.contents import Contents, file_sha256, read_contents
from train.data.table.statistics import FEW_CURVES
from train.run.folder import DATA, Run
from train.settings import Settings

# In the folder of a table that is being read, held by who reads it.
_LOCK = "lock"

ShowContents = Callable[[Contents], None]
Warn = Callable[[str], None]


@contextmanager
def table_read(
    settings: Settings, runs: Path, show: ShowContents, warn: Warn
) -> Iterator[Path | None]:
    """Yields a folder below `runs` into which the table of `settings` was read, for a run to take
    over; None for curves that are built in. Nothing else is left of it.

    `show` is called with what the table holds, `warn` with one line if it holds few curves. Raises
    CurveganError if it can't be read, or the folder can't be written.
    """
    if settings.data is None:
        yield None
        return
    # Imported here: only tables need pyarrow.
    from train.data.table.reading import read_table

    were_there = runs.exists()
    _remove_stale(runs)
    aside = runs / f"{ASIDE}{secrets.token_hex(8)}"
    folder = aside / DATA
    with ExitStack() as stack:
        stack.callback(_remove, aside, runs, keep_runs=were_there)
        try:
            folder.mkdir(parents=True)
            stack.enter_context(locked(aside / _LOCK, wait=False))
            contents = read_table(settings.data, settings.seed, folder)
        except OSError as error:
            raise CurveganError(
                f"can't read the table into {runs}: {error.strerror}; choose another folder with "
                "--runs"
            ) from error
        show(contents)
        n_curves = contents.n_training + contents.n_held_out
        if n_curves < FEW_CURVES:
            warn(
                f"{n_curves} curves are few: they are easily learnt by heart, and the "
                f"{contents.n_held_out} of them that are held out can only tell roughly how good "
                f"the generated ones are; give {FEW_CURVES} or more"
            )
        if contents.x_may_be_curve:
            warn(
                f"the first line of {contents.path} was taken for x, but looks like one of its "
                "curves: if it is, add a header, such as 0,1,2"
            )
        yield folder


def _remove_stale(runs: Path) -> None:
    """Removes tables that were being read when their process was killed, which ended its lock."""
    for lock in runs.glob(f"{ASIDE_NAMES}/{_LOCK}"):
        with suppress(LockedError, OSError), locked(lock, wait=False):
            shutil.rmtree(lock.parent, ignore_errors=True)


def _remove(aside: Path, runs: Path, keep_runs: bool) -> None:
    shutil.rmtree(aside, ignore_errors=True)
    if not keep_runs:
        with suppress(OSError):  # It is no longer empty if there is a run.
            runs.rmdir()


def warn_of_change(run: Run, warn: Warn) -> None:
    """Calls `warn` with one line if the user's table has changed since the run read it."""
    if run.settings.data is None:
        return
    contents = read_contents(run.data)
    with suppress(OSError):  # The file is not needed any more.
        if file_sha256(Path(contents.path)) != contents.sha256:
            warn(
                f"{contents.path} has changed since this run read it, and the run goes on with the "
                "curves as they were; start a new training to learn the new ones"
            )
