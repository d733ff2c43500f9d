"""Load of gRPC calls by h2load, which needs little CPU."""

import shutil
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.serve.rates import Rate
from curvegan.errors import CurveganError


@dataclass(frozen=True)
class Load:
    """A repeated call: a gRPC method, the request, and the number of calls in flight.

    `rows` is the number of curves in a response.
    """

    method: str
    request: bytes
    at_once: int
    rows: int


def need_h2load() -> None:
    """Raises CurveganError if h2load is not installed."""
    if not shutil.which("h2load"):
        raise CurveganError("h2load is missing: install it (Debian: nghttp2-client)")


def apply(load: Load, address: str, seconds: float) -> Rate:
    """Applies `load` to the server at `address` for `seconds`.

    Raises CurveganError if a call failed. h2load does not detect gRPC errors: check the call first.
    """
    with tempfile.TemporaryDirectory() as folder:
        body, log = Path(folder, "request"), Path(folder, "log")
        # A gRPC message: the compression flag, the length and the content.
        body.write_bytes(struct.pack(">?I", False, len(load.request)) + load.request)
        command = [
            *("h2load", "--duration", str(seconds), "--threads", "1"),
            *("--clients", str(load.at_once), "--max-concurrent-streams", "1"),
            # Large windows, so that flow control does not limit a stream.
            *("--window-bits", "24", "--connection-window-bits", "24"),
            *("--header", "content-type: application/grpc", "--header", "te: trailers"),
            *("--data", str(body), "--log-file", str(log)),
            f"http://{address}/{load.method}",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        # Columns: start time, status, and duration in microseconds.
        calls = np.loadtxt(log, ndmin=2)
    if done.returncode or not len(calls) or (calls[:, 1] != 200).any():
        raise CurveganError(f"h2load failed on {address}: {done.stdout[-300:]}{done.stderr[-300:]}")
    return Rate.of(calls[:, 2] / 1e3, seconds)
