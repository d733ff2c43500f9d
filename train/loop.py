"""The alternating game: one step of the discriminator, then one of the generator."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from train.families import Quadratics
from train.loss import discriminator_loss, generator_loss
from train.networks import make_discriminator, make_generator
from train.recipes import Recipe
from train.streams import STEPS_PER_BLOCK, TrainingStream

STEPS_PER_REPORT = 10


@dataclass(frozen=True)
class Report:
    """How the game stands after `step` steps, on that step's batch.

    `d_real` is the mean D(x) of the real curves, the tutorial's "D accuracy"; `score` is -D_loss,
    its "D score". They come to 0.5 and -2·ln 2 ≈ -1.386 when D can't tell the curves apart.
    """

    step: int
    d_real: float
    score: float


class Gan:
    """A generator, a discriminator, and their optimisers.

    `seed` decides the initial weights and, with the step, all the random numbers of the training.
    """

    def __init__(self, recipe: Recipe, family: Quadratics, seed: int, device: torch.device) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.generator = make_generator(recipe.n_noise, recipe.n_points).to(device)
            self.discriminator = make_discriminator(recipe.n_points).to(device)
        self._recipe = recipe
        self._g_optimizer = torch.optim.Adam(
            self.generator.parameters(), lr=recipe.lr_g, fused=True
        )
        self._d_optimizer = torch.optim.Adam(
            self.discriminator.parameters(), lr=recipe.lr_d, fused=True
        )
        self._stream = TrainingStream(seed, family, recipe.batch_size, recipe.n_noise, device)

    def fit(self) -> Iterator[Report]:
        """Trains for the recipe's steps, and yields a report every few of them and at the end."""
        for first in range(0, self._recipe.steps, STEPS_PER_BLOCK):
            n_steps = min(STEPS_PER_BLOCK, self._recipe.steps - first)
            batches = zip(*self._stream.block(first, n_steps), strict=True)
            for step, (real, noise) in enumerate(batches, first + 1):
                real_logits, d_loss = self.step(real, noise)
                if step % STEPS_PER_REPORT == 0 or step == self._recipe.steps:
                    d_real = real_logits.sigmoid().mean()
                    yield Report(step, d_real.item(), -d_loss.item())

    def step(self, real: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Updates D on `real`, float32 [n, n_points], and G(noise); then G through the updated D.

        Returns D's logits of the real curves, [n, 1], and its loss, both from before its update.
        """
        fake = self.generator(noise)
        # Real and generated curves go through D in one pass: half the calls, the same numbers.
        logits = self.discriminator(torch.cat([real, fake.detach()]))
        real_logits, fake_logits = logits.split(len(real))
        d_loss = discriminator_loss(real_logits, fake_logits)
        _descend(self.discriminator, self._d_optimizer, d_loss)

        g_loss = generator_loss(self.discriminator(fake))
        _descend(self.generator, self._g_optimizer, g_loss)
        return real_logits.detach(), d_loss.detach()


def _descend(network: nn.Module, optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    """Takes one step of `optimizer` down `loss`, in `network`'s parameters alone."""
    parameters = list(network.parameters())
    # Unlike backward(), this spends nothing on gradients of the other network.
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    optimizer.step()
