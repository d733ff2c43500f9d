"""tract, a runtime in Rust, by its Python binding in an environment of its own."""

from pathlib import Path

import tract

from bench.parity.measure import Run, measure


def load(path: Path, name: str) -> tuple[str, Run]:
    """Loads the model."""
    model = tract.onnx().load(path).into_model()
    assert model.input_name(0) == name
    runnable = model.into_runnable()
    return tract.version(), lambda rows: runnable.run([rows])[0].to_numpy()


if __name__ == "__main__":
    measure(load)
