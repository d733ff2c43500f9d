"""python -m bench.serve [--models DIR]: the server's requests and curves per second."""

from pathlib import Path
from typing import Annotated, Literal

import cyclopts

from bench.serve.calls import unary_loads
from bench.serve.clients import compare_clients
from bench.serve.inference import compare_inference
from bench.serve.load import need_h2load
from bench.serve.perf_analyzer import need_libb64
from bench.serve.servers.others import OTHERS
from bench.serve.side_by_side import compare_with_canned
from bench.serve.stream import time_stream
from curvegan.command.command_line import Count, make_app, run
from curvegan.repository.repository import DEFAULT_MODELS, Repository

Table = Literal["perf_analyzer", "clients", "canned"]

app = make_app("python -m bench.serve", "Benchmark the server and compare it with others.")


@app.default
def main(
    *,
    models: Path = DEFAULT_MODELS,
    tables: Annotated[tuple[Table, ...], cyclopts.Parameter(consume_multiple=True)] = (
        "perf_analyzer",
        "clients",
        "canned",
    ),
    rounds: Count = 3,
    seconds: Count = 4,
) -> None:
    """Benchmark the server and compare it with others.

    Parameters
    ----------
    models
        Model repository. Its newest version is served.
    tables
        perf_analyzer: compared with a plain server, Triton and MLServer; clients: our client and
        tritonclient; canned: compared with grpcio that computes nothing.
    rounds
        Number of rounds. The tables show medians.
    seconds
        Duration of a round per server.
    """
    repository = Repository(models)
    repository.newest()  # Raises an error early if there is no model.
    if "perf_analyzer" in tables:
        need_libb64()
    if "canned" in tables:
        need_h2load()
    if "perf_analyzer" in tables:
        compare_inference(repository, OTHERS, rounds, seconds)
    if "clients" in tables:
        compare_clients(repository, {"Triton": OTHERS["Triton"]}, rounds, seconds)
    if "canned" in tables:
        compare_with_canned(models, unary_loads(repository), rounds, seconds)
        time_stream(models, rounds, seconds)


if __name__ == "__main__":
    run(app)
