"""onnxruntime in Python, of any version: it needs onnxruntime and numpy alone."""

import os
from collections.abc import Sequence
from pathlib import Path

from bench.parity.measure import Run, measure

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # As curvegan.engine does.

import onnxruntime as ort


def load(path: Path, names: Sequence[str]) -> tuple[str, Run]:
    """Loads the model on one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    return ort.__version__, lambda rows: session.run(None, dict(zip(names, rows, strict=True)))[0]


if __name__ == "__main__":
    measure(load)
