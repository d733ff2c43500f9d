"""What the server, its models and its repository are, as the protocol's messages."""

from collections.abc import Sequence
from importlib.metadata import version

from curvegan.repository.description import MODEL_NAMES, ModelSpec, Tensor
from curvegan.repository.repository import ONNX
from serve.inference import inference_pb2

SERVER_NAME = "curvegan"
PLATFORM = "onnxruntime_onnx"
BACKEND = "onnxruntime"
# By Triton's names. Of "model_repository" the index is all there is, so it is not among them:
# versions come and go by publishing and deleting.
EXTENSIONS = ("binary_tensor_data", "model_configuration", "statistics")


def server_metadata() -> inference_pb2.ServerMetadataResponse:
    """Returns who the server is."""
    return inference_pb2.ServerMetadataResponse(
        name=SERVER_NAME, version=version("curvegan"), extensions=EXTENSIONS
    )


def model_metadata(
    model: ModelSpec, versions: Sequence[int]
) -> inference_pb2.ModelMetadataResponse:
    """Returns the description of `model`, of which `versions` are served."""
    return inference_pb2.ModelMetadataResponse(
        name=model.name,
        versions=map(str, sorted(versions)),
        platform=PLATFORM,
        inputs=map(_tensor_metadata, model.inputs),
        outputs=[_tensor_metadata(model.output)],
    )


def model_config(model: ModelSpec) -> inference_pb2.ModelConfig:
    """Returns the configuration of `model`: what its config.pbtxt says, and the platform."""
    return inference_pb2.ModelConfig(
        name=model.name,
        platform=PLATFORM,
        backend=BACKEND,
        max_batch_size=0,
        input=[
            inference_pb2.ModelInput(
                name=spec.name, data_type=f"TYPE_{spec.datatype}", dims=spec.shape
            )
            for spec in model.inputs
        ],
        output=[
            inference_pb2.ModelOutput(
                name=model.output.name,
                data_type=f"TYPE_{model.output.datatype}",
                dims=model.output.shape,
            )
        ],
        default_model_filename=ONNX,
    )


def repository_index(versions: Sequence[int]) -> inference_pb2.RepositoryIndexResponse:
    """Returns which models there are, each with `versions`."""
    model_index = inference_pb2.RepositoryIndexResponse.ModelIndex
    return inference_pb2.RepositoryIndexResponse(
        models=[
            model_index(name=name, version=str(number), state="READY")
            for name in MODEL_NAMES
            for number in sorted(versions)
        ]
    )


def _tensor_metadata(spec: Tensor) -> inference_pb2.ModelMetadataResponse.TensorMetadata:
    return inference_pb2.ModelMetadataResponse.TensorMetadata(
        name=spec.name, datatype=spec.datatype, shape=spec.shape
    )
