"""OpenVINO's CPU plugin, in an environment of its own."""

from collections.abc import Sequence
from pathlib import Path

import openvino

from bench.parity.measure import Run, measure


def load(path: Path, names: Sequence[str]) -> tuple[str, Run]:
    """Loads the model on one thread, in float32 also where the processor has bfloat16."""
    properties = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    model = openvino.Core().compile_model(path, "CPU", properties)
    version = openvino.__version__.partition("-")[0]
    return version, lambda rows: model(dict(zip(names, rows, strict=True)))[0]


if __name__ == "__main__":
    measure(load)
