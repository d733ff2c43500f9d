"""The command line: curvegan, or python -m curvegan."""

from curvegan.command import early_interrupt  # noqa: F401, I001  (first: the others take their time)

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from curvegan.address import DEFAULT_ADDRESS
from curvegan.client import MAX_TIMEOUT
from curvegan.client.target import parse_target
from curvegan.command.command_line import Count, make_app, run
from curvegan.command.requirements import exit_for_system, need_packages
from curvegan.errors import CurveganError
from curvegan.files import drop_unfinished

Flag = Annotated[bool, Parameter(negative="")]

Version = Annotated[int, Parameter(validator=Number(gte=0, lt=2**63))]
Seeds = Annotated[str, Parameter(allow_leading_hyphen=True)]

app = make_app("curvegan", "Curves: from a server, or in bulk from a model on disk.")

# Lines that `bulk --check` prints.
_MAX_PROBLEMS = 20


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
    seeds: Seeds,
    out: Path,
    label: tuple[str, ...] = (),
    server: str = DEFAULT_ADDRESS,
    model_version: Version = 0,
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


@app.command
def bulk(
    *,
    models: Path | None = None,
    seeds: Seeds | None = None,
    out: str | None = None,
    label: tuple[str, ...] = (),
    model_version: Version = 0,
    format: Literal["parquet", "npy"] = "parquet",
    n_workers: Annotated[Count | None, Parameter(name="--workers")] = None,
    ray: str | None = None,
    check: str | None = None,
) -> None:
    """Compute the curves of any number of seeds, without a server, into a folder of files.

    Run again, the same command makes what is missing. --check OUT verifies such a folder instead.

    Parameters
    ----------
    models
        The model repository, by default ./models. With --check: compute some curves again.
    seeds
        Which seeds: 7, 1,5,9 or 0-999999999, or a mix. Each is made once.
    out
        The folder, or a URL such as s3://bucket/folder.
    label
        The class of the curves, by name or index, if the model has classes. Given several times,
        the curves of all seeds are made for each.
    model_version
        The model version; 0 is the newest.
    format
        The files: parquet (seed, curve and label) or npy (the curves alone).
    n_workers
        Processes, by default one for each core that this command may use.
    ray
        Work on the Ray cluster at this address: host:port, ray://host:port, or auto for the one of
        this machine.
    check
        The folder, or URL, of a set to verify: every seed once, whole files, of one model.
    """
    if find_spec("fcntl") is None:  # Windows, where nobody has tried it.
        exit_for_system("curvegan bulk", "Linux or macOS")
    need_packages("curvegan bulk", "serve,data", ("msgspec", "onnxruntime", "pyarrow"))
    # Imported here so that --help and a wrong option do not wait for onnxruntime.
    from curvegan.generate.bulk.checking import check_set
    from curvegan.generate.bulk.curve_set import CurveSet
    from curvegan.generate.bulk.making import make_set
    from curvegan.generate.bulk.place import Place
    from curvegan.generate.bulk.workers import workers
    from curvegan.repository.repository import DEFAULT_MODELS, Repository

    if check is not None:
        if (seeds, out, label, model_version, format) != (None, None, (), 0, "parquet"):
            raise CurveganError("--check OUT goes with --models, --workers and --ray alone")
        place = Place(check)
        with workers(n_workers, ray) as run_job:
            curve_set, problems = check_set(place, models, run_job)
        for problem in problems[:_MAX_PROBLEMS]:
            print(problem)
        if problems:
            raise CurveganError(
                f"{place} is not whole, for {len(problems)} reasons: remove damaged and foreign "
                "files, then run the command that made it again"
            )
        print(f"{place} is whole: {curve_set}")
        return
    if seeds is None or out is None:
        raise CurveganError("give --seeds and --out, or --check OUT")
    repository = Repository(models or DEFAULT_MODELS)
    version = model_version or repository.newest()
    if not repository.holds(version):
        known = ", ".join(map(str, repository.versions()))
        raise CurveganError(f"{repository.root} has no version {version}, only {known}")
    model = repository.load(version)
    place, curve_set = Place(out), CurveSet.of(model, seeds, label, format)
    with workers(n_workers, ray) as run_job:
        n_made = make_set(place, curve_set, model, run_job)
    n_there = curve_set.n_rows - n_made
    print(f"{place} holds {curve_set}" + (f", of which {n_there} were there" if n_there else ""))


def main() -> None:
    """Runs the command line on this process's arguments."""
    # gRPC may never close after an exception out of a signal handler.
    run(app, drop_unfinished)


if __name__ == "__main__":
    main()
