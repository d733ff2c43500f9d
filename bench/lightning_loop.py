"""The tutorial's game in Lightning, with manual optimisation: what benchmarks compare with."""

import logging
import warnings
from collections.abc import Callable, Iterator
from typing import cast

import lightning
import numpy as np
import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import nn
from torch.utils.data import DataLoader, IterableDataset


def make_lightning_steps(n_steps: int, batch_size: int = 64) -> Callable[[], None]:
    """Returns a function that trains the GAN for `n_steps` more steps."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    game = _Game()
    batches = DataLoader(_RealCurves(n_steps, batch_size), batch_size=None)

    def steps() -> None:
        trainer = lightning.Trainer(
            accelerator="cpu",
            max_epochs=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(game, batches)

    return steps


class _RealCurves(IterableDataset[torch.Tensor]):
    def __init__(self, n_batches: int, batch_size: int) -> None:
        self._n_batches, self._batch_size = n_batches, batch_size

    def __iter__(self) -> Iterator[torch.Tensor]:
        x = np.linspace(-1, 1, 15)
        for _ in range(self._n_batches):
            a = np.random.uniform(1, 2, size=self._batch_size)[:, np.newaxis]
            yield torch.from_numpy(a * x**2 + (a - 1)).float()


class _Game(lightning.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.generator = nn.Sequential(nn.Linear(5, 128), nn.ReLU(), nn.Linear(128, 15))
        self.discriminator = nn.Sequential(
            nn.Linear(15, 128), nn.ReLU(), nn.Linear(128, 1), nn.Sigmoid()
        )

    def training_step(self, real: torch.Tensor) -> None:
        g_optimizer, d_optimizer = cast(list[LightningOptimizer], self.optimizers())
        fake = self.generator(torch.randn(len(real), 5))

        d_loss = -torch.mean(
            torch.log(self.discriminator(real)) + torch.log(1 - self.discriminator(fake.detach()))
        )
        d_optimizer.zero_grad()
        self.manual_backward(d_loss)
        d_optimizer.step()

        g_loss = torch.mean(torch.log(1 - self.discriminator(fake)))
        g_optimizer.zero_grad()
        self.manual_backward(g_loss)
        g_optimizer.step()

    def configure_optimizers(self) -> list[torch.optim.Adam]:
        return [
            torch.optim.Adam(network.parameters(), lr=1e-4)
            for network in (self.generator, self.discriminator)
        ]
