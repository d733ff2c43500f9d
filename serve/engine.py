"""Seeds or noise to curves: both models of one version, in onnxruntime."""

from typing import Self

import numpy as np

from serve.arrays import Float32Array, Int64Array
from serve.errors import RepositoryError
from serve.manifest import ModelName
from serve.ort import ort
from serve.repository import ModelVersion

# Rows of one onnxruntime run. Its buffers stay in the cache and the run's fixed cost is spread
# over enough rows; see `python -m bench.engine`.
ROWS_PER_RUN = 4096

OUTPUTS = ("curves",)
# Those of every run: onnxruntime would make a run's own, which takes it a microsecond.
RUN_OPTIONS = ort.RunOptions()


class Engine:
    """A model version, ready to compute. Threads may share it.

    A seed gives the same bytes in whatever batch it stands: onnxruntime runs on one thread, and
    the exported graph computes every row alike.
    """

    def __init__(
        self, sampler_onnx: bytes, generator_onnx: bytes, *, n_noise: int, n_points: int
    ) -> None:
        """Loads the two models' ONNX files.

        Raises RepositoryError if they do not have the tensors of a sampler and a generator of
        this shape.
        """
        self.n_noise = n_noise
        self.n_points = n_points
        self.row_bytes = n_points * np.dtype(np.float32).itemsize
        sampler = _session(sampler_onnx, "seeds", "tensor(int64)", [None], n_points)
        generator = _session(generator_onnx, "noise", "tensor(float)", [None, n_noise], n_points)
        self._models = {"sampler": (sampler, "seeds"), "generator": (generator, "noise")}

    @classmethod
    def of(cls, model: ModelVersion) -> Self:
        """Returns an engine for a model version, in the shape that its manifest states.

        Raises RepositoryError if the files have another.
        """
        description = model.sampler_manifest.description
        return cls(
            model.sampler_onnx,
            model.generator_onnx,
            n_noise=description.n_noise,
            n_points=description.n_points,
        )

    def curves_from_seeds(self, seeds: Int64Array) -> Float32Array:
        """Returns the curves of `seeds`, int64 [n], in their order: float32 [n, n_points]."""
        return self.run("sampler", seeds)

    def curves_from_noise(self, noise: Float32Array) -> Float32Array:
        """Returns the curve of each row of `noise`, float32 [n, n_noise]: float32 [n, n_points]."""
        return self.run("generator", noise)

    def run(self, model: ModelName, rows: Int64Array | Float32Array) -> Float32Array:
        """Returns the curves of what `model` takes, row by row: float32 [n, n_points]."""
        session, name = self._models[model]
        if len(rows) <= ROWS_PER_RUN:
            few: Float32Array = session.run(OUTPUTS, {name: rows}, RUN_OPTIONS)[0]
            return few
        curves = np.empty((len(rows), self.n_points), np.float32)
        for start in range(0, len(rows), ROWS_PER_RUN):
            part = slice(start, start + ROWS_PER_RUN)
            curves[part] = session.run(OUTPUTS, {name: rows[part]}, RUN_OPTIONS)[0]
        return curves


def _session(
    onnx: bytes, input_name: str, input_type: str, input_shape: list[int | None], n_points: int
) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # What is wrong with a file, the exception says.
    try:
        session = ort.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions have no base of their own
        reason = " ".join(str(error).split())
        raise RepositoryError(
            f"onnxruntime can't load the model of {input_name}: {reason}"
        ) from None
    found = [
        (
            tensor.name,
            tensor.type,
            [size if isinstance(size, int) else None for size in tensor.shape],
        )
        for tensor in (*session.get_inputs(), *session.get_outputs())
    ]
    expected = [
        (input_name, input_type, input_shape),
        ("curves", "tensor(float)", [None, n_points]),
    ]
    if found != expected:
        raise RepositoryError(
            f"the ONNX file has the tensors {found}, its manifest describes {expected}: "
            "publish the model anew"
        )
    return session
