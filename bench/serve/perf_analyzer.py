"""Load of ModelInfer calls by NVIDIA's perf_analyzer, the usual tool for inference servers."""

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

# It measures at least three windows, each of which takes a fifth longer than requested.
_WINDOWS, _OVERTIME = 3, 1.2


@dataclass(frozen=True)
class InferLoad:
    """A repeated ModelInfer call: the model, the name of its input, the shape of the input (rows
    first), and the number of calls in flight."""

    model: str
    tensor: str
    shape: tuple[int, ...]
    at_once: int


def tritonclient() -> Path:
    """Returns the `bin` folder of an environment with tritonclient, which includes perf_analyzer.

    Raises InstallationError if it can't be installed.
    """
    return environment("triton-client", Path(__file__).parent / "tritonclient" / "requirements.txt")


def need_libb64() -> None:
    """Raises CurveganError if libb64, which perf_analyzer needs, is missing."""
    if not ctypes.util.find_library("b64"):
        raise CurveganError("libb64 is missing, which perf_analyzer needs (Debian: libb64-0d)")


def run_perf_analyzer(*options: str) -> str:
    """Runs perf_analyzer with `options`. Returns its output. Raises CurveganError if it fails."""
    binaries = tritonclient()
    [cuda] = binaries.parent.glob("lib/python*/site-packages/nvidia/cuda_runtime/lib")
    done = subprocess.run(
        [binaries / "perf_analyzer", *options],
        env=os.environ | {"LD_LIBRARY_PATH": str(cuda)},
        capture_output=True,
        text=True,
        check=False,
    )
    # After an invalid option it prints pages of help, but the error first.
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())
        raise CurveganError(f"perf_analyzer failed: {said[:300]}")
    return done.stdout


def measure(load: InferLoad, server: Server, seconds: float) -> Rate:
    """Applies `load`, with zeros as numbers, to `server` for about `seconds`.

    Counts the calls that ended between the start of perf_analyzer's first window and the end of
    its last one, and the server's CPU time in this period.
    """
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "calls.json")
        with ProcessorTime(server.pid) as used:
            run_perf_analyzer(
                *("-i", "grpc", "-u", server.address, "-m", load.model, "--input-data", "zero"),
                *_shape(load, server),
                *("--concurrency-range", str(load.at_once)),
                *("-p", f"{1000 * seconds / _WINDOWS / _OVERTIME:.0f}", "-r", str(_WINDOWS)),
                # It must not repeat until its windows agree.
                *("--stability-percentage", "999", "--profile-export-file", str(listed)),
            )
        [experiment] = json.loads(listed.read_text())["experiments"]
    # Times in nanoseconds; the windows are contiguous.
    calls = experiment["requests"]
    times = [(call["response_timestamps"][-1] - call["timestamp"]) / 1e6 for call in calls]
    start, *_, end = (moment / 1e9 for moment in experiment["window_boundaries"])
    return Rate.of(times, end - start, used.between(start, end) / len(calls) * 1e6)


def _shape(load: InferLoad, server: Server) -> tuple[str, str]:
    if server.batches:
        return "-b", str(load.shape[0])
    return "--shape", f"{load.tensor}:{','.join(map(str, load.shape))}"
