"""onnxruntime, loaded such that it reports to nobody.

From 1.29 on its builds for Linux tell their maker what models they load, unless the environment
forbids it before they are loaded.
"""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort

__all__ = ["ort"]
