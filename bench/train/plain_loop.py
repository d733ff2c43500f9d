"""The tutorial's loop in today's PyTorch, plainly: what benchmarks of training compare with."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

BATCH_SIZE = 64


def make_networks() -> tuple[nn.Sequential, nn.Sequential]:
    """Returns a new generator and a new discriminator."""
    generator = nn.Sequential(nn.Linear(5, 128), nn.ReLU(), nn.Linear(128, 15))
    discriminator = nn.Sequential(nn.Linear(15, 128), nn.ReLU(), nn.Linear(128, 1), nn.Sigmoid())
    return generator, discriminator


def real_curves() -> torch.Tensor:
    """Returns a batch of real curves, float32 [BATCH_SIZE, 15], made with numpy."""
    x = np.linspace(-1, 1, 15)
    a = np.random.uniform(1, 2, size=BATCH_SIZE)[:, np.newaxis]
    return torch.from_numpy(a * x**2 + (a - 1)).float()


def make_plain_steps(n_steps: int) -> Callable[[], None]:
    """Returns a function that trains a new GAN for `n_steps` more steps."""
    generator, discriminator = make_networks()
    d_optimizer = torch.optim.Adam(discriminator.parameters(), lr=1e-4)
    g_optimizer = torch.optim.Adam(generator.parameters(), lr=1e-4)

    def step() -> None:
        real = real_curves()
        fake = generator(torch.randn(BATCH_SIZE, 5))

        d_real, d_fake = discriminator(real), discriminator(fake.detach())
        d_loss = -torch.mean(torch.log(d_real) + torch.log(1 - d_fake))
        d_optimizer.zero_grad()
        d_loss.backward()  # type: ignore[no-untyped-call]
        d_optimizer.step()

        g_loss = torch.mean(torch.log(1 - discriminator(fake)))
        g_optimizer.zero_grad()
        g_loss.backward()  # type: ignore[no-untyped-call]
        g_optimizer.step()

    def steps() -> None:
        for _ in range(n_steps):
            step()

    return steps
