"""Triton's Python model for an ONNX file: onnxruntime with one thread, like in our engine."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
import triton_python_backend_utils as triton


class TritonPythonModel:
    """Loads and runs model.onnx in this folder, which has one input and one output.

    Computes the calls of a batch in one run.
    """

    def initialize(self, _args):
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = ort.InferenceSession(
            Path(__file__).with_name("model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        self._output = self._session.get_outputs()[0].name

    def execute(self, requests):
        given = [
            triton.get_input_tensor_by_name(request, self._input).as_numpy() for request in requests
        ]
        rows = np.concatenate(given) if len(given) > 1 else given[0]
        [values] = self._session.run([self._output], {self._input: rows})
        ends = np.cumsum([len(rows) for rows in given])[:-1]
        return [
            triton.InferenceResponse([triton.Tensor(self._output, part)])
            for part in np.split(values, ends)
        ]
