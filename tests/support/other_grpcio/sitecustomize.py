"""Makes a server's workers see an untested version of grpcio.

Python imports this at startup if its folder is in PYTHONPATH.
"""

import os


def rename() -> None:
    import grpc

    grpc.__version__ = "1.999.0"


# After the fork, because the supervisor must not load gRPC.
os.register_at_fork(after_in_child=rename)
