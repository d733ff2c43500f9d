"""The command line: python -m serve."""

import asyncio
import logging
import os
from pathlib import Path

from serve.command_line import make_app, run

app = make_app("curvegan-serve", "Serve a trained generator over gRPC: seeds in, curves out.")


@app.default
def serve_command(*, models: Path = Path("models"), listen: str = "127.0.0.1:8001") -> None:
    """Serve a trained generator over gRPC: seeds in, curves out.

    Serves the newest version until SIGTERM or Ctrl-C; calls in flight then finish.

    Parameters
    ----------
    models
        The model repository, as training publishes it.
    listen
        Where to listen, as host:port; port 0 takes a free one.
    """
    # The errors of gRPC's core come as our own, in one line.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from serve.repository import Repository
    from serve.server import serve

    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(serve(Repository(models), listen))


def main() -> None:
    """Runs the command line on this process's arguments."""
    run(app)


if __name__ == "__main__":
    main()
