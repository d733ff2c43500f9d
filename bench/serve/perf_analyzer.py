"""A load of ModelInfer calls by NVIDIA's perf_analyzer, with which users measure servers."""

import ctypes.util
import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.environment import environment
from bench.serve.process_time import processor_seconds
from bench.serve.servers import Server
from serve.errors import CurveganError

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


@dataclass(frozen=True)
class Figures:
    """What came of a load: calls a second, how long one took in milliseconds, and the server's
    processor time for one in microseconds."""

    per_second: float
    p50: float
    p99: float
    processor: float


def tritonclient() -> Path:
    """Returns the `bin` of an environment with tritonclient, which perf_analyzer comes with.

    Raises InstallationError if it can't be had.
    """
    return environment("triton-client", Path(__file__).parent / "tritonclient" / "requirements.txt")


def need_libb64() -> None:
    """Raises CurveganError if the library is missing that perf_analyzer needs."""
    if not ctypes.util.find_library("b64"):
        raise CurveganError("libb64 is missing, which perf_analyzer needs (Debian: libb64-0d)")


def run_perf_analyzer(*options: str) -> None:
    """Runs it with `options`. Raises CurveganError if it fails."""
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


def measure(load: InferLoad, server: Server, seconds: float) -> Figures:
    """Keeps `load`, with zeros for numbers, on `server` for about so many seconds.

    Rates and times are those of the calls that perf_analyzer lists one by one. The processor time
    is what the server used while perf_analyzer ran, divided by the same calls: it leaves out those
    that warm up and those in flight at the end, together 1 or 2 in 1,000, and asks for descriptions
    a dozen times, so that a call seems to cost so much more.
    """
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "calls.json")
        before = processor_seconds(server.pid)
        run_perf_analyzer(
            *("-i", "grpc", "-u", server.address, "-m", load.model, "--input-data", "zero"),
            *_shape(load, server),
            *("--concurrency-range", str(load.at_once)),
            *("-p", f"{1000 * seconds / _WINDOWS / _OVERTIME:.0f}", "-r", str(_WINDOWS)),
            # It shall not go on until its windows agree.
            *("--stability-percentage", "999", "--profile-export-file", str(listed)),
        )
        used = processor_seconds(server.pid) - before
        [experiment] = json.loads(listed.read_text())["experiments"]
    # In nanoseconds; the windows follow each other without a gap.
    bounds, calls = experiment["window_boundaries"], experiment["requests"]
    times = [call["response_timestamps"][-1] - call["timestamp"] for call in calls]
    p50, p99 = np.percentile(times, (50, 99)) / 1e6
    per_second = len(calls) / (bounds[-1] - bounds[0]) * 1e9
    return Figures(per_second, float(p50), float(p99), used / len(calls) * 1e6)


def _shape(load: InferLoad, server: Server) -> tuple[str, str]:
    if server.batches:
        return "-b", str(load.shape[0])
    return "--shape", f"{load.tensor}:{','.join(map(str, load.shape))}"
