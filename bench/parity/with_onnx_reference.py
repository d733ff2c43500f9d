"""onnx's reference evaluator: each operator as its specification reads, in numpy."""

from pathlib import Path

import onnx
from onnx.reference import ReferenceEvaluator

from bench.parity.measure import Run, measure


def load(path: Path, name: str) -> tuple[str, Run]:
    """Loads the model."""
    evaluator = ReferenceEvaluator(onnx.load(path))
    return onnx.__version__, lambda rows: evaluator.run(None, {name: rows})[0]  # type: ignore[index]


if __name__ == "__main__":
    measure(load)
