"""Triton's Python model for one ONNX file: onnxruntime on one thread, as the engine has it."""

from pathlib import Path

import onnxruntime as ort
import triton_python_backend_utils as triton


class TritonPythonModel:
    """Loads the file model.onnx beside this one, and runs it."""

    def initialize(self, _args):
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = ort.InferenceSession(
            Path(__file__).with_name("model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._inputs = [given.name for given in self._session.get_inputs()]
        self._outputs = [output.name for output in self._session.get_outputs()]

    def execute(self, requests):
        return [self._respond(request) for request in requests]

    def _respond(self, request):
        feed = {
            name: triton.get_input_tensor_by_name(request, name).as_numpy() for name in self._inputs
        }
        values = self._session.run(self._outputs, feed)
        return triton.InferenceResponse(list(map(triton.Tensor, self._outputs, values)))
