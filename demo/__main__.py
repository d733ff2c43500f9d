"""Trains and publishes a model, serves it, requests 64 curves over gRPC and draws them."""

from serve import requirements  # noqa: F401, I001  (first: not after half a minute of training)

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from curvegan import CurveClient, Model
from curvegan.arrays import Float32Array
from curvegan.command.command_line import make_app, run
from curvegan.files import replacing
from curvegan.pictures.curves import draw_curves
from curvegan.repository.description import Description
from curvegan.repository.repository import DEFAULT_MODELS, Repository
from demo.loads import write_loads
from serve.running import running_server

PICTURE = Path("demo/curves.png")
# What the demonstration on curves of one's own leaves.
LOADS = Path("demo/loads.csv")
LOADS_MODELS = Path("demo/loads-models")
LOADS_PICTURE = Path("demo/loads.png")
SEEDS = range(64)
N_REQUESTS = 200


app = make_app(
    "python -m demo",
    "Train, export and publish a model, serve it, request 64 curves and draw them.",
)


@app.default
def demo() -> None:
    """Train, export and publish a model, serve it, request 64 curves and draw them."""
    _train()
    _serve_and_draw(DEFAULT_MODELS, PICTURE)


@app.command
def data() -> None:
    """The same for curves of one's own: a table of made-up load profiles is written and learnt."""
    write_loads(LOADS)
    _train(
        *("--data", str(LOADS), "--id-column", "day", "--units", "kW"),
        *("--models", str(LOADS_MODELS)),
    )
    _serve_and_draw(LOADS_MODELS, LOADS_PICTURE)


def _train(*options: str) -> None:
    trained = subprocess.run([sys.executable, "-m", "train", *options], check=False)
    if trained.returncode:
        sys.exit(trained.returncode)


def _serve_and_draw(models: Path, picture: Path) -> None:
    with running_server(models) as server, CurveClient(server.address) as client:
        model = client.model()
        curves = client.generate(SEEDS)
        milliseconds = _time_requests(client)
    repository = Repository(models)
    description = repository.load(model.version).sampler_manifest.description
    _draw(picture, model, curves, description)
    _print_table(description, model.version, milliseconds)
    print(f"The picture is {picture}, the model is in {models}/.")


def _draw(picture: Path, model: Model, curves: Float32Array, description: Description) -> None:
    training = description.training
    with replacing(picture) as temporary:
        draw_curves(
            temporary,
            model.x_grid,
            curves,
            bounds=model.bounds,
            title=f"{len(curves)} curves from the seeds {SEEDS[0]} to {SEEDS[-1]}",
            subtitle=(
                f"D accuracy {training.d_real:.2f} (0.50 if D can't tell them from real ones)"
                f"      D score {training.score:.2f} (-1.39)"
            ),
            footnote=f"curvegan, model version {model.version}, recipe {model.recipe}",
            x_label=model.x_name,
            y_label=model.units or "y",
            point_names=model.point_names,
        )


def _time_requests(client: CurveClient) -> list[float]:
    """Returns the milliseconds that each of N_REQUESTS requests took."""
    milliseconds = []
    for _ in range(N_REQUESTS):
        start = time.perf_counter()
        client.generate(SEEDS)
        milliseconds.append(1e3 * (time.perf_counter() - start))
    return milliseconds


def _print_table(description: Description, version: int, milliseconds: list[float]) -> None:
    training = description.training
    table = Table(box=box.SIMPLE_HEAD, title=f"Model version {version}", title_justify="left")
    table.add_column("measure")
    table.add_column("value", justify="right")
    table.add_column("meaning")
    rows = [
        ("D(x)", f"{training.d_real:.3f}", "0.500 if D can't tell real from generated"),
        ("score", f"{training.score:.3f}", "-1.386 if D can't tell real from generated"),
        ("training step", f"{training.ms_per_step:.2f} ms", "mean over the training"),
        *(
            (f"parity, {model}", f"{max(figures.values()):.1e}", f"{len(figures)} runtimes")
            for model, figures in description.parity.items()
        ),
        (
            "request",
            f"{np.median(milliseconds):.2f} ms",
            f"{len(SEEDS)} curves over gRPC; median of {N_REQUESTS}",
        ),
    ]
    for row in rows:
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    run(app)
