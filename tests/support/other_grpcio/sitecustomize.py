"""Lets a server's workers take their grpcio for a version that nobody has tried.

Python imports this by itself where its folder stands in PYTHONPATH.
"""

import os


def rename() -> None:
    import grpc

    grpc.__version__ = "1.999.0"


# Not before: the supervisor, which forks the workers, must not load gRPC.
os.register_at_fork(after_in_child=rename)
