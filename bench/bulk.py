"""python -m bench.bulk [--models DIR]: curves in bulk, beside the bare engine and the disk."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from bench.timing import print_table, time_interleaved
from curvegan.command.command_line import Count, make_app, run
from curvegan.cores import usable_cores
from curvegan.engine import Engine
from curvegan.errors import CurveganError
from curvegan.files import flush_file
from curvegan.repository.repository import DEFAULT_MODELS, Repository

# Curves of one call of the engine, as `bulk` makes them.
_CALL = 1 << 17
# A folder in memory, where the disk is no limit.
_MEMORY = Path("/dev/shm")

app = make_app("python -m bench.bulk", "Time curves in bulk, beside the bare engine and the disk.")


@app.default
def main(
    *,
    models: Path = DEFAULT_MODELS,
    n: Count = 10_000_000,
    rounds: Count = 3,
    ray: str | None = None,
) -> None:
    """Time curves in bulk, beside the bare engine and the disk.

    Parameters
    ----------
    models
        Model repository. Its newest version is timed.
    n
        Curves of each turn.
    rounds
        Number of rounds. The table shows medians.
    ray
        Address of a Ray cluster of this machine's cores, which is timed, too: host:port, or auto.
    """
    repository = Repository(models)
    engine = Engine.of(repository.load(repository.newest()))
    cores = usable_cores()
    with tempfile.TemporaryDirectory() as disk, tempfile.TemporaryDirectory(dir=_MEMORY) as memory:
        candidates: dict[str, Callable[[], object]] = {
            "the engine, one core": partial(_compute, engine, n),
            "the disk: the same bytes, flushed": partial(_write, engine.row_bytes + 8, n, disk),
        }
        for place, folder in (("memory", memory), ("disk", disk)):
            for workers in sorted({1, cores}):
                for kind in ("parquet", "npy"):
                    name = f"bulk, {workers} of {cores} cores, {kind} to {place}"
                    options = ("--workers", str(workers), "--format", kind)
                    candidates[name] = partial(_bulk, models, n, folder, options)
            if ray:
                name = f"bulk, {cores} of {cores} cores, --ray, parquet to {place}"
                candidates[name] = partial(_bulk, models, n, folder, ("--ray", ray))
        seconds = time_interleaved(candidates, rounds)
    alone, disk_alone = list(seconds.values())[:2]
    rows = []
    for name, time in seconds.items():
        workers = int(name.split()[1]) if name.startswith("bulk") else 1
        on_disk = f"{disk_alone / time:.2f}" if name.endswith("disk") else ""
        rows.append((name, f"{n / time / 1e6:.2f}", f"{alone / workers / time:.2f}", on_disk))
    print_table(
        f"{n:,} curves; median of {rounds} rounds",
        ("", "million curves/s", "of the engine on as many cores", "of the disk"),
        rows,
    )
    with tempfile.TemporaryDirectory(dir=_MEMORY) as memory:
        print_table(
            "Memory of the largest process",
            ("curves", "MB"),
            [
                (f"{n_curves:,}", f"{_bulk(models, n_curves, memory):,.0f}")
                for n_curves in (n // 10, n)
            ],
        )


def _compute(engine: Engine, n: int) -> None:
    for first in range(0, n, _CALL):
        engine.curves_from_seeds(np.arange(first, min(first + _CALL, n)))


def _write(row_bytes: int, n: int, folder: str) -> None:
    """Writes as many bytes as `n` curves take, in files of the size of parts."""
    part = os.urandom(row_bytes * _CALL * 8)
    left = row_bytes * n
    while left > 0:
        path = Path(folder, f"{left}")
        path.write_bytes(part[:left])
        flush_file(path)
        left -= len(part)
    for path in Path(folder).iterdir():
        path.unlink()


def _bulk(models: Path, n: int, folder: str, options: Sequence[str] = ()) -> float:
    """Runs the command into an empty folder. Returns the most memory of a process of it, in MB."""
    out = Path(folder, "out")
    command = subprocess.Popen(
        [sys.executable, "-m", "curvegan", "bulk", "--models", models, "--seeds", f"0-{n - 1}",
         "--out", out, *options],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, used = os.wait4(command.pid, 0)
    command.returncode = os.waitstatus_to_exitcode(status)
    shutil.rmtree(out, ignore_errors=True)
    if command.returncode:
        raise CurveganError("the command failed: see above")
    return used.ru_maxrss / 1e3


if __name__ == "__main__":
    run(app)
