"""Seeds or noise to curves: both models of one version, in onnxruntime."""

import os
from typing import Self

import numpy as np

from curvegan.arrays import Float32Array, Int64Array
from curvegan.errors import RepositoryError
from curvegan.repository.description import ROWS, ModelName, ModelSpec, Specs
from curvegan.repository.repository import ModelVersion

# From 1.29 on onnxruntime's builds for Linux tell their maker what models they load, unless the
# environment forbids it before they are loaded: who needs onnxruntime takes it from here.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort

__all__ = ["ROWS_PER_RUN", "Engine", "Rows", "ort"]

# Rows of one onnxruntime run. Its buffers stay in the cache and the run's fixed cost is spread
# over enough rows; see `python -m bench.engine`.
ROWS_PER_RUN = 4096

# A batch of each of a model's inputs.
Rows = tuple[Int64Array | Float32Array, ...]

_ORT_TYPES = {"INT64": "tensor(int64)", "FP32": "tensor(float)"}
# Shared by all runs: onnxruntime would make one for each run, which takes a microsecond.
_RUN_OPTIONS = ort.RunOptions()


class Engine:
    """A model version, ready to compute. Threads may share it.

    A seed gives the same bytes in whatever batch it stands: onnxruntime runs on one thread, and
    the exported graph computes every row alike.
    """

    def __init__(self, sampler_onnx: bytes, generator_onnx: bytes, specs: Specs) -> None:
        """Loads the two models' ONNX files.

        Raises RepositoryError if they do not have the tensors of `specs`.
        """
        self.specs = specs
        output = specs["sampler"].output
        self.n_noise = specs["generator"].inputs[0].width
        self.n_points = output.width
        self.row_bytes = output.width * output.dtype.itemsize
        self._outputs = [output.name]
        onnx = {"sampler": sampler_onnx, "generator": generator_onnx}
        self._models = {
            name: (_session(onnx[name], spec), [tensor.name for tensor in spec.inputs])
            for name, spec in specs.items()
        }

    @classmethod
    def of(cls, model: ModelVersion) -> Self:
        """Returns an engine for a model version, with the tensors that its manifest states.

        Raises RepositoryError if the files have others.
        """
        return cls(model.sampler_onnx, model.generator_onnx, model.description.specs)

    def curves_from_seeds(
        self, seeds: Int64Array, labels: Int64Array | None = None
    ) -> Float32Array:
        """Returns the curves of `seeds`, int64 [n], in their order: float32 [n, n_points].

        `labels` is the class of each, int64 [n]: None for a model of curves without labels.
        """
        return self.run("sampler", (seeds,) if labels is None else (seeds, labels))

    def curves_from_noise(
        self, noise: Float32Array, labels: Int64Array | None = None
    ) -> Float32Array:
        """Returns the curve of each row of `noise`, float32 [n, n_noise]: float32 [n, n_points].

        `labels` is the class of each, int64 [n]: None for a model of curves without labels.
        """
        return self.run("generator", (noise,) if labels is None else (noise, labels))

    def run(self, model: ModelName, inputs: Rows) -> Float32Array:
        """Returns the curves of `inputs`, as many rows of each input of `model`: float32
        [n, n_points].

        Raises ValueError if `model` takes more inputs, or fewer.
        """
        session, names = self._models[model]
        if len(inputs) != len(names):
            raise ValueError(f"the {model} takes {' and '.join(names)}: {len(inputs)} given")
        given = dict(zip(names, inputs, strict=True))
        n_rows = len(inputs[0])
        if n_rows <= ROWS_PER_RUN:
            few: Float32Array = session.run(self._outputs, given, _RUN_OPTIONS)[0]
            return few
        curves = np.empty((n_rows, self.n_points), np.float32)
        for start in range(0, n_rows, ROWS_PER_RUN):
            part = slice(start, start + ROWS_PER_RUN)
            cut = {name: rows[part] for name, rows in given.items()}
            curves[part] = session.run(self._outputs, cut, _RUN_OPTIONS)[0]
        return curves


def _session(onnx: bytes, spec: ModelSpec) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # What is wrong with a file, the exception says.
    try:
        session = ort.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions have no base of their own
        reason = " ".join(str(error).split())
        raise RepositoryError(f"onnxruntime can't load the {spec.name}: {reason}") from None
    found = [
        (
            tensor.name,
            tensor.type,
            [size if isinstance(size, int) else ROWS for size in tensor.shape],
        )
        for tensor in (*session.get_inputs(), *session.get_outputs())
    ]
    expected = [
        (tensor.name, _ORT_TYPES[tensor.datatype], tensor.shape)
        for tensor in (*spec.inputs, spec.output)
    ]
    if found != expected:
        raise RepositoryError(
            f"the {spec.name}'s ONNX file has the tensors {found}, its manifest describes "
            f"{expected}: publish the model anew"
        )
    return session
