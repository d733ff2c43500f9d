"""The command line: python -m serve.client."""

from serve import early_interrupt  # noqa: F401, I001  (first: the others take their time)

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from serve.address import DEFAULT_ADDRESS, Address
from serve.command_line import make_app, run
from serve.files import drop_unfinished

# A year: gRPC counts a longer deadline as one that is over.
MAX_TIMEOUT = 365 * 24 * 3600.0

app = make_app("python -m serve.client", "Ask a curve server for curves.")


def _seconds(_type: type, seconds: float) -> None:
    if not 0 < seconds <= MAX_TIMEOUT:
        raise ValueError(f"give seconds above 0, at most {MAX_TIMEOUT:.0f}")


@app.command
def generate(
    *,
    seeds: Annotated[str, Parameter(allow_leading_hyphen=True)],
    out: Path,
    server: str = DEFAULT_ADDRESS,
    model_version: Annotated[int, Parameter(validator=Number(gte=0, lt=2**63))] = 0,
    timeout: Annotated[float, Parameter(validator=_seconds)] = 30.0,
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
        The model version; 0 is the one that is served.
    timeout
        Seconds to wait for each part of the server's answer; the whole may take its time.
    """
    address = Address.parse(server)
    # Imported here so that --help and a wrong option do not wait for gRPC.
    from serve.client.answer import ask
    from serve.client.curve_client import CurveClient
    from serve.client.output import save, writer_for
    from serve.client.seed_text import parse_seeds

    ranges = parse_seeds(seeds)
    write = writer_for(out)
    with CurveClient(str(address), timeout=timeout) as client:
        answer = ask(client, ranges, model_version)
        save(out, answer, write)
    print(f"wrote {answer.n_rows} curves of model version {answer.model.version} to {out}")


def main() -> None:
    """Runs the command line on this process's arguments."""
    # gRPC may never close after an exception out of a signal handler.
    run(app, drop_unfinished)


if __name__ == "__main__":
    main()
