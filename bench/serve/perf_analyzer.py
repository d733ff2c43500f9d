"""A load of ModelInfer calls by NVIDIA's perf_analyzer, with which users measure servers."""

import ctypes.util
import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.environment import environment
from bench.serve.process_time import ProcessorTime
from bench.serve.rates import Rate
from bench.serve.servers.ours import Server
from curvegan.errors import CurveganError

# It measures three times at least, and calls a window over when it is a fifth longer than asked.
_WINDOWS, _OVERTIME = 3, 1.2


@dataclass(frozen=True)
class InferLoad:
    """A call of ModelInfer that is repeated: a model, its input's name, that input's shape with the
    rows first, and how many calls are in flight."""

    model: str
    tensor: str
    shape: tuple[int, ...]
    at_once: int


def tritonclient() -> Path:
    """Returns the `bin` of an environment with tritonclient, which perf_analyzer comes with.

    Raises InstallationError if it can't be had.
    """
    return environment("triton-client", Path(__file__).parent / "tritonclient" / "requirements.txt")


def need_libb64() -> None:
    """Raises CurveganError if the library is missing that perf_analyzer needs."""
    if not ctypes.util.find_library("b64"):
        raise CurveganError("libb64 is missing, which perf_analyzer needs (Debian: libb64-0d)")


def run_perf_analyzer(*options: str) -> str:
    """Runs it with `options`. Returns what it printed. Raises CurveganError if it fails."""
    binaries = tritonclient()
    [cuda] = binaries.parent.glob("lib/python*/site-packages/nvidia/cuda_runtime/lib")
    done = subprocess.run(
        [binaries / "perf_analyzer", *options],
        env=os.environ | {"LD_LIBRARY_PATH": str(cuda)},
        capture_output=True,
        text=True,
        check=False,
    )
    # To a wrong option it answers with pages of help, after a line that says what is wrong.
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())
        raise CurveganError(f"perf_analyzer failed: {said[:300]}")
    return done.stdout


def measure(load: InferLoad, server: Server, seconds: float) -> Rate:
    """Keeps `load`, with zeros for numbers, on `server` for about so many seconds.

    Calls, their times and the server's processor time are those between the beginning of
    perf_analyzer's first window and the end of its last one: it lists every call that ended there.
    """
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "calls.json")
        with ProcessorTime(server.pid) as used:
            run_perf_analyzer(
                *("-i", "grpc", "-u", server.address, "-m", load.model, "--input-data", "zero"),
                *_shape(load, server),
                *("--concurrency-range", str(load.at_once)),
                *("-p", f"{1000 * seconds / _WINDOWS / _OVERTIME:.0f}", "-r", str(_WINDOWS)),
                # It shall not go on until its windows agree.
                *("--stability-percentage", "999", "--profile-export-file", str(listed)),
            )
        [experiment] = json.loads(listed.read_text())["experiments"]
    # Moments in nanoseconds; the windows follow each other without a gap.
    calls = experiment["requests"]
    times = [(call["response_timestamps"][-1] - call["timestamp"]) / 1e6 for call in calls]
    start, *_, end = (moment / 1e9 for moment in experiment["window_boundaries"])
    return Rate.of(times, end - start, used.between(start, end) / len(calls) * 1e6)


def _shape(load: InferLoad, server: Server) -> tuple[str, str]:
    if server.batches:
        return "-b", str(load.shape[0])
    return "--shape", f"{load.tensor}:{','.join(map(str, load.shape))}"
