"""The client's former place: import it from `curvegan`. It goes with the next release."""

import warnings

from curvegan import CurveClient, Model, Retry, ServiceError, Tls

__all__ = ["CurveClient", "Model", "Retry", "ServiceError", "Tls"]

warnings.warn(
    "serve.client has moved: write `from curvegan import CurveClient`, and `curvegan generate` for "
    "the command",
    DeprecationWarning,
    stacklevel=2,
)
