"""The command line: python -m serve."""

from serve import early_interrupt  # noqa: F401, I001  (first: the others take their time)

import asyncio
import logging
from pathlib import Path

from serve.address import DEFAULT_ADDRESS, Address
from serve.command_line import make_app, run
from serve.repository import DEFAULT_MODELS, Repository

app = make_app("curvegan-serve", "Serve a trained generator over gRPC: seeds in, curves out.")


@app.default
def serve(*, models: Path = DEFAULT_MODELS, listen: str = DEFAULT_ADDRESS) -> None:
    """Serve a trained generator over gRPC: seeds in, curves out.

    Serves the newest version until SIGTERM or Ctrl-C; calls in flight then finish.

    Parameters
    ----------
    models
        The model repository, as training publishes it.
    listen
        Where to listen, as host:port; port 0 takes a free one.
    """
    address = Address.parse(listen)
    # Imported here so that --help and a wrong option do not wait for gRPC.
    from serve import server

    def say(ready: server.Ready) -> None:
        print(f"serving version {ready.version} of {models} on {ready.address}", flush=True)

    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # A client that goes away in the middle of an answer is no error of ours; those that are,
    # serve.status logs.
    logging.getLogger("grpc._cython.cygrpc").setLevel(logging.CRITICAL)
    asyncio.run(server.serve(Repository(models), address, say))


def main() -> None:
    """Runs the command line on this process's arguments."""
    run(app)


if __name__ == "__main__":
    main()
