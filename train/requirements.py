"""Imported by the command before the rest of training: ends it where training can't run."""

from importlib.util import find_spec

from curvegan.command.requirements import exit_for_system, need_packages

if find_spec("fcntl") is None:  # Windows, where nobody has tried it.
    exit_for_system("training", "Linux or macOS")

need_packages(
    "training",
    "train",
    ("matplotlib", "msgspec", "onnx", "onnxruntime", "onnxscript", "safetensors", "torch"),
)
