"""The command line: python -m serve.client."""

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from serve.command_line import make_app, run

app = make_app("curvegan-client", "Ask a curve server for curves.")


@app.command
def generate(
    *,
    seeds: Annotated[str, Parameter(allow_leading_hyphen=True)],
    out: Path,
    server: str = "127.0.0.1:8001",
    model_version: int = 0,
    timeout: float = 30.0,
) -> None:
    """Write the curves of some seeds into a file.

    Parameters
    ----------
    seeds
        Which seeds: 7, 1,5,9 or 0-63, or a mix. The curves come in this order.
    out
        The file: .csv (seed and values), .npy (float32 [n, n_points]) or .png (a picture).
    server
        The server, as host:port.
    model_version
        The model version; 0 is the newest.
    timeout
        Seconds to wait for the server to answer at all.
    """
    # What gRPC's core has to say about a connection, our own error says in one line.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from serve.client.curve_client import CurveClient
    from serve.client.output import ask, replacing, writer_for
    from serve.client.seed_text import parse_seeds

    ranges = parse_seeds(seeds)
    write = writer_for(out)
    with CurveClient(server, timeout=timeout) as client, replacing(out) as aside:
        answer = ask(client, ranges, model_version)
        write(aside, answer)
    print(f"wrote {answer.n_rows} curves of model version {answer.model.version} to {out}")


def main() -> None:
    """Runs the command line on this process's arguments."""
    run(app)


if __name__ == "__main__":
    main()
