"""A model of labelled curves, of another length than the built-in family's: made, not trained."""

import math
from pathlib import Path

import torch
from torch import nn

from curvegan.repository.description import Description, Family, Training, default_inputs
from curvegan.repository.publish import publish
from train.export import SEED_RULE, export

LABELS = ["working day", "Sünd- & Feiertag, “ruhig”", "夏"]
N_NOISE, N_POINTS = 6, 24
X_GRID = [float(hour) for hour in range(N_POINTS)]
POINT_NAMES = [f"{hour:02}:00" for hour in range(N_POINTS)]


class Days(nn.Module):
    """Load over the hours of a day: noise, float32 [n, 6], and classes, int64 [n], to curves,
    float32 [n, 24], each class at a level and with a shape of its own."""

    def __init__(self, level: float = 50.0, spread: float = 3.0) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.classes = nn.Embedding(len(LABELS), 4)
            self.net = nn.Sequential(nn.Linear(N_NOISE + 4, 32), nn.ReLU(), nn.Linear(32, N_POINTS))
        hours = torch.tensor(X_GRID)
        bumps = torch.sin(hours * (2 * math.pi / N_POINTS) - 2)
        shapes = torch.stack([bumps, 0.3 * bumps - 1, torch.cos(hours / 2)])
        self.register_buffer("means", level + 2 * spread * shapes)
        self.register_buffer("spread", torch.full((N_POINTS,), spread))

    def forward(self, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Returns the curves."""
        rough = self.net(torch.cat([noise, self.classes(labels)], dim=1))
        curves: torch.Tensor = self.means[labels] + self.spread * rough
        return curves


def describe(labels: list[str] = LABELS) -> Description:
    """Returns what there is to say of such a model."""
    return Description(
        family=Family(
            "days", units="kW", x_name="hour", point_names=POINT_NAMES, labels=list(labels)
        ),
        x_grid=X_GRID,
        n_noise=N_NOISE,
        seed_rule=SEED_RULE,
        training=Training("none", {}, seed=0, device="cpu", ms_per_step=0, d_real=0.5, score=0),
        quality={"energy": 0.25},
        parity={"generator": {}, "sampler": {}},
        libraries={},
        inputs=default_inputs(N_NOISE, len(labels)),
    )


def publish_labelled(models: Path) -> int:
    """Exports such a model and publishes it. Returns the version."""
    files = export(Days(), default_inputs(N_NOISE, len(LABELS)), X_GRID, len(LABELS)).files
    return publish(models, describe(), files["generator"], files["sampler"])
