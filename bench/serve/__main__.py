"""python -m bench.serve [--models DIR]: requests and curves a second, side by side."""

from pathlib import Path

from bench.serve.inference import compare_inference
from bench.serve.perf_analyzer import need_libb64
from bench.serve.load import need_h2load


from serve.command_line import Count, make_app, run
from serve.repository import DEFAULT_MODELS, Repository

app = make_app("python -m bench.serve", "Time the server beside grpcio alone and MLServer.")


@app.default
def main(*, models: Path = DEFAULT_MODELS, rounds: Count = 5, seconds: Count = 4) -> None:
    """Time the server beside grpcio alone and MLServer.

    Parameters
    ----------
    models
        The model repository; its newest version is served.
    rounds
        Turns that each server takes; the tables show medians.
    seconds
        How long a turn lasts.
    """
    repository = Repository(models)
    repository.newest()  # Raises where there is none, before anything is started.
    need_libb64()
    compare_inference(repository, rounds, seconds)


if __name__ == "__main__":
    run(app)
