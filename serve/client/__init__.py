"""The client: `CurveClient` in Python, and `python -m serve.client` on the command line.

Read in this order: `rows` (what is asked for), `access` and `connection` (how a server is reached),
`failures` and `retry` (what becomes of a call that fails), `curve_client`; then the command:
`seed_text`, `answer`, `output` and `plot`.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from serve.client.access import Tls
    from serve.client.curve_client import CurveClient, Model
    from serve.client.failures import ServiceError
    from serve.client.retry import Retry

__all__ = ["CurveClient", "Model", "Retry", "ServiceError", "Tls"]

# Seconds, a year: gRPC counts a longer deadline as one that is over.
MAX_TIMEOUT = 365 * 24 * 3600.0

_HOMES = {
    "CurveClient": "curve_client",
    "Model": "curve_client",
    "Retry": "retry",
    "ServiceError": "failures",
    "Tls": "access",
}


def __getattr__(name: str) -> Any:
    """Imports a name when it is first used: the command has to settle what gRPC may print, and what
    Ctrl-C does, before gRPC is imported."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
