"""Imported by the command before the rest of the server: ends it where the server can't run."""

import sys

from curvegan.command.requirements import exit_for_system, need_packages

if sys.platform != "linux":
    exit_for_system("the server", "Linux")

need_packages(
    "the server",
    "serve",
    (
        "grpc_health",
        "grpc_reflection",
        "msgspec",
        "onnxruntime",
        "prometheus_client",
        "starlette",
        "uvicorn",
        "uvloop",
    ),
)
