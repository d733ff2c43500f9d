"""The client: `CurveClient` in Python, and `python -m serve.client` on the command line."""

from serve.client.curve_client import CurveClient, Model, ServiceError

__all__ = ["CurveClient", "Model", "ServiceError"]
