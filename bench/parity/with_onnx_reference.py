"""onnx's reference evaluator: each operator as its specification reads, in numpy."""

from collections.abc import Sequence
from pathlib import Path

import onnx
from onnx.reference import ReferenceEvaluator

from bench.parity.measure import Run, measure


def load(path: Path, names: Sequence[str]) -> tuple[str, Run]:
    """Loads the model."""
    evaluator = ReferenceEvaluator(onnx.load(path))
    run = evaluator.run
    return onnx.__version__, lambda rows: run(None, dict(zip(names, rows, strict=True)))[0]  # type: ignore[index]


if __name__ == "__main__":
    measure(load)
