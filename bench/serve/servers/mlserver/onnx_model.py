"""MLServer's runtime for an ONNX file: onnxruntime with one thread, like in our engine."""

import onnxruntime as ort
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class OnnxModel(MLModel):
    """Loads and runs the file in the settings."""

    async def load(self) -> bool:
        """Loads the model."""
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(self.settings.parameters.uri, options)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Runs the model on a request's tensors."""
        feed = {given.name: NumpyCodec.decode_input(given) for given in payload.inputs}
        names = [output.name for output in self._session.get_outputs()]
        values = self._session.run(names, feed)
        outputs = [NumpyCodec.encode_output(*pair) for pair in zip(names, values, strict=True)]
        return InferenceResponse(model_name=self.name, id=payload.id, outputs=outputs)
