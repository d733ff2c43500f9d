"""The alternating game: one step of the discriminator, then one of the generator."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from train.families import CurveFamily
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

    def __init__(
        self, recipe: Recipe, family: CurveFamily, seed: int, device: torch.device
    ) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.generator = make_generator(recipe.n_noise, recipe.n_points).to(device)
            self.discriminator = make_discriminator(recipe.n_points).to(device)
        self._recipe = recipe
        self._g_descent = _Descent(self.generator, recipe.lr_g)
        self._d_descent = _Descent(self.discriminator, recipe.lr_d)
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
        self._d_descent.step(d_loss)

        g_loss = generator_loss(self.discriminator(fake))
        self._g_descent.step(g_loss)
        return real_logits.detach(), d_loss.detach()


class _Descent:
    """Adam on one network's parameters."""

    def __init__(self, network: nn.Module, lr: float) -> None:
        self._parameters = list(network.parameters())
        self._optimizer = torch.optim.Adam(self._parameters, lr=lr, fused=True)

    def step(self, loss: torch.Tensor) -> None:
        """Takes one step down `loss`; other networks that it went through stay as they are."""
        # Unlike backward(), this spends nothing on the gradients of the other network.
        gradients = torch.autograd.grad(loss, self._parameters)
        for parameter, gradient in zip(self._parameters, gradients, strict=True):
            parameter.grad = gradient
        self._optimizer.step()
