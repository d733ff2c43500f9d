"""tract, a runtime in Rust, by its Python binding in an environment of its own."""

from collections.abc import Sequence
from pathlib import Path

import tract

from bench.parity.measure import Run, measure


def load(path: Path, names: Sequence[str]) -> tuple[str, Run]:
    """Loads the model."""
    model = tract.onnx().load(path).into_model()
    assert [model.input_name(i) for i in range(len(names))] == list(names)
    runnable = model.into_runnable()
    return tract.version(), lambda rows: runnable.run(list(rows))[0].to_numpy()


if __name__ == "__main__":
    measure(load)
