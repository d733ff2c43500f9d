"""The command line: curvegan, or python -m curvegan."""

from curvegan.command import early_interrupt  # noqa: F401, I001  (first: the others take their time)

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from curvegan.address import DEFAULT_ADDRESS
from curvegan.client import MAX_TIMEOUT
from curvegan.client.target import parse_target
from curvegan.command.command_line import make_app, run
from curvegan.files import drop_unfinished

Flag = Annotated[bool, Parameter(negative="")]

app = make_app("curvegan", "Ask a curve server for curves.")


def _seconds(_type: type, seconds: float) -> None:
    if not 0 < seconds <= MAX_TIMEOUT:
        raise ValueError(f"give seconds above 0, at most {MAX_TIMEOUT:.0f}")


@Parameter(name="*")
@dataclass(frozen=True)
class Access:
    """How the client proves who it is."""

    tls: Flag = False
    """Connect by TLS, and trust the certificates that the system trusts."""
    tls_ca: Path | None = None
    """Connect by TLS, and trust the certificates of this file (PEM) instead."""
    tls_cert: Path | None = None
    """The client's own certificate (PEM), for a server that asks for one."""
    tls_key: Path | None = None
    """The private key of that certificate (PEM)."""
    token_file: Path | None = None
    """Send the token in this file: its first line."""
    insecure: Flag = False
    """Send the token to another machine without TLS."""


@app.command
def generate(
    *,
    seeds: Annotated[str, Parameter(allow_leading_hyphen=True)],
    out: Path,
    label: tuple[str, ...] = (),
    server: str = DEFAULT_ADDRESS,
    model_version: Annotated[int, Parameter(validator=Number(gte=0, lt=2**63))] = 0,
    timeout: Annotated[float, Parameter(validator=_seconds)] = 30.0,
    retry: bool = True,
    access: Access = Access(),
) -> None:
    """Write the curves of some seeds into a file.

    Parameters
    ----------
    seeds
        Which seeds: 7, 1,5,9 or 0-63, or a mix. The curves come in this order.
    out
        The file: .csv (seed and values), .npy (float32 [n, n_points]) or .png (a picture).
    label
        The class of the curves, by name or index, if the model has classes. Given several times,
        the curves of all seeds come once for each.
    server
        The server: host:port, unix:/run/curvegan.sock, or https://host:port for TLS.
    model_version
        The model version; 0 is the newest that is served.
    timeout
        Seconds to wait for each part of the server's answer; the whole may take its time.
    retry
        Repeat calls that fail because the server is full, shuts down or can't be reached.
    """
    parse_target(server)
    # Imported here so that --help and a wrong option do not wait for gRPC.
    from curvegan.client.credentials import Tls, read_token
    from curvegan.client.curve_client import CurveClient
    from curvegan.client.retry import Retry
    from curvegan.generate.answer import ask
    from curvegan.generate.output import save, writer_for
    from curvegan.generate.seed_text import parse_seeds

    ranges = parse_seeds(seeds)
    write = writer_for(out)
    has_tls = access.tls or access.tls_ca or access.tls_cert or access.tls_key
    with CurveClient(
        server,
        timeout=timeout,
        retry=Retry() if retry else None,
        tls=Tls(access.tls_ca, access.tls_cert, access.tls_key) if has_tls else None,
        token=read_token(access.token_file) if access.token_file else None,
        insecure=access.insecure,
    ) as client:
        answer = ask(client, ranges, label, model_version)
        save(out, answer, write)
    print(f"wrote {answer.n_rows} curves of model version {answer.model.version} to {out}")


def main() -> None:
    """Runs the command line on this process's arguments."""
    # gRPC may never close after an exception out of a signal handler.
    run(app, drop_unfinished)


if __name__ == "__main__":
    main()
