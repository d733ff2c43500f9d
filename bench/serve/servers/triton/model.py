"""Triton's onnxruntime backend in Python, for the wheel of Triton lacks it: onnxruntime with one
thread, like in our engine."""

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import triton_python_backend_utils as triton


class TritonPythonModel:
    """Loads and runs a model's ONNX file, which has one output.

    Computes the calls of a batch in one run.
    """

    def initialize(self, args):
        file = json.loads(args["model_config"])["default_model_filename"]
        path = Path(args["model_repository"], args["model_version"], file)
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._inputs = [given.name for given in self._session.get_inputs()]
        self._output = self._session.get_outputs()[0].name

    def execute(self, requests):
        given = {name: [_array(request, name) for request in requests] for name in self._inputs}
        feed = {
            name: np.concatenate(arrays) if len(arrays) > 1 else arrays[0]
            for name, arrays in given.items()
        }
        [values] = self._session.run([self._output], feed)
        ends = np.cumsum([len(rows) for rows in given[self._inputs[0]]])[:-1]
        return [
            triton.InferenceResponse([triton.Tensor(self._output, part)])
            for part in np.split(values, ends)
        ]


def _array(request, name):
    return triton.get_input_tensor_by_name(request, name).as_numpy()
