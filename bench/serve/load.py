"""A load of gRPC calls by h2load, which costs little of the processor that the server needs."""

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
    """A call that is repeated: a gRPC method, the request's bytes, and how many are in flight.

    `rows` is how many curves an answer holds.
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
    """Keeps `load` on the server at `address` for so many seconds.

    Raises CurveganError if a call failed. Of a gRPC error h2load takes no notice: see to it before.
    """
    with tempfile.TemporaryDirectory() as folder:
        body, log = Path(folder, "request"), Path(folder, "log")
        # A gRPC message on the wire: not compressed, its length, its bytes.
        body.write_bytes(struct.pack(">?I", False, len(load.request)) + load.request)
        command = [
            *("h2load", "--duration", str(seconds), "--threads", "1"),
            *("--clients", str(load.at_once), "--max-concurrent-streams", "1"),
            # Room for a stream's messages, so that flow control is not what is measured.
            *("--window-bits", "24", "--connection-window-bits", "24"),
            *("--header", "content-type: application/grpc", "--header", "te: trailers"),
            *("--data", str(body), "--log-file", str(log)),
            f"http://{address}/{load.method}",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        # Start time, status, and the microseconds that the call took.
        calls = np.loadtxt(log, ndmin=2)
    if done.returncode or not len(calls) or (calls[:, 1] != 200).any():
        raise CurveganError(f"h2load failed on {address}: {done.stdout[-300:]}{done.stderr[-300:]}")
    return Rate.of(calls[:, 2] / 1e3, seconds)
