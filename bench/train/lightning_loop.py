"""The tutorial's game in Lightning, with manual optimisation: what benchmarks compare with."""

import logging
import warnings
from collections.abc import Callable, Iterator
from typing import cast

import lightning
import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch.utils.data import DataLoader, IterableDataset

from bench.train.plain_loop import make_networks, real_curves


def make_lightning_steps(n_steps: int) -> Callable[[], None]:
    """Returns a function that trains a new GAN for `n_steps` more steps, with a new trainer."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    game = _Game()
    batches = DataLoader(_RealCurves(n_steps), batch_size=None)

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
    def __init__(self, n_batches: int) -> None:
        self._n_batches = n_batches

    def __iter__(self) -> Iterator[torch.Tensor]:
        return (real_curves() for _ in range(self._n_batches))


class _Game(lightning.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.generator, self.discriminator = make_networks()

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
