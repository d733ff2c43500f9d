"""Looks up the model and version that a request names, their metadata and statistics."""

import grpc

from curvegan.repository.description import MODEL_NAMES, ModelSpec
from serve.calls.metrics import Totals
from serve.calls.status import RequestError
from serve.compute.versions import Loaded, Versions
from serve.inference import describe, inference_pb2
from serve.inference.models import model_spec, parse_version
from serve.inference.statistics import model_statistics


def find(
    versions: Versions, name: str, version: str, *, prefix: str = ""
) -> tuple[Loaded, ModelSpec]:
    """Returns the version and the model that a request names.

    Raises RequestError: NOT_FOUND for a model or version that is not served; UNAVAILABLE for a
    version that is being loaded, or that only another worker still serves; INVALID_ARGUMENT for a
    version that is not a number. The error's field is `name` or `version`, with `prefix` before it.
    """
    number = parse_version(version, f"{prefix}version")
    try:
        loaded = versions.get(number)
    except RequestError as error:
        raise RequestError(
            error.code, f"{prefix}version", error.problem, retry_after=error.retry_after
        ) from None
    return loaded, model_spec(name, loaded.engine, f"{prefix}name")


def is_ready(versions: Versions, name: str, version: str) -> bool:
    """Returns whether a model version is served. Raises RequestError for an invalid version."""
    try:
        find(versions, name, version)
    except RequestError as error:
        if error.code not in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNAVAILABLE):
            raise
        return False
    return True


def metadata(versions: Versions, name: str, version: str) -> inference_pb2.ModelMetadataResponse:
    """Returns the metadata of a model, for the given version or for all versions.

    Raises RequestError like `find`.
    """
    loaded, model = find(versions, name, version)
    return describe.model_metadata(model, [loaded.number] if version else versions.numbers())


def config(versions: Versions, name: str, version: str) -> inference_pb2.ModelConfig:
    """Returns the configuration of a model. Raises RequestError like `find`."""
    _, model = find(versions, name, version)
    return describe.model_config(model)


def statistics(
    versions: Versions, name: str, version: str, totals: Totals
) -> inference_pb2.ModelStatisticsResponse:
    """Returns the statistics of a model, or of all models if `name` is empty; of one version, or
    of all versions if `version` is empty.

    Raises RequestError like `find`.
    """
    loaded, model = find(versions, name or MODEL_NAMES[0], version)
    return model_statistics(
        [model.name] if name else MODEL_NAMES,
        [loaded.number] if version else versions.numbers(),
        totals,
    )
