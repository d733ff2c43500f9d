"""What users of curves and both sides, `train` and `serve`, share.

The public names are those of `__all__`. Rooms, in the order in which a curve meets them:
`repository` (the models on disk), `engine` (an ONNX file to curves), `client` (curves from a
server), `generate` (the command's), `pictures`, and `command`, what all commands have in common.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curvegan.client.credentials import Tls
    from curvegan.client.curve_client import CurveClient
    from curvegan.client.failures import ServiceError
    from curvegan.client.retry import Retry
    from curvegan.engine import Engine
    from curvegan.errors import CurveganError
    from curvegan.repository.model import Model
    from curvegan.repository.repository import Repository

__all__ = [
    "CurveClient",
    "CurveganError",
    "Engine",
    "Model",
    "Repository",
    "Retry",
    "ServiceError",
    "Tls",
]

_HOMES = {
    "CurveClient": "curvegan.client.curve_client",
    "CurveganError": "curvegan.errors",
    "Engine": "curvegan.engine",
    "Model": "curvegan.repository.model",
    "Repository": "curvegan.repository.repository",
    "Retry": "curvegan.client.retry",
    "ServiceError": "curvegan.client.failures",
    "Tls": "curvegan.client.credentials",
}


# What `Engine` and `Repository` need beyond the base package.
_OF_THE_EXTRA_SERVE = ("msgspec", "onnxruntime")


def __getattr__(name: str) -> Any:
    """Imports a name when it is first used, so that importing curvegan loads neither gRPC nor
    onnxruntime, and a command settles what gRPC may print and what Ctrl-C does before that.

    Raises ImportError, naming the extra, for a name whose packages are not installed.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        if error.name not in _OF_THE_EXTRA_SERVE:
            raise
        raise ImportError(
            f"curvegan.{name} needs {error.name}: pip install 'curvegan[serve]'", name=error.name
        ) from None
