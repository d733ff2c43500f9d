"""The tutorial's loop in today's PyTorch, plainly: what benchmarks of training compare with."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn


def make_plain_step(
    batch_size: int = 64, n_noise: int = 5, n_points: int = 15, lr: float = 1e-4
) -> Callable[[], None]:
    """Returns a function that takes one step of a new GAN."""
    generator = nn.Sequential(nn.Linear(n_noise, 128), nn.ReLU(), nn.Linear(128, n_points))
    discriminator = nn.Sequential(
        nn.Linear(n_points, 128), nn.ReLU(), nn.Linear(128, 1), nn.Sigmoid()
    )
    d_optimizer = torch.optim.Adam(discriminator.parameters(), lr=lr)
    g_optimizer = torch.optim.Adam(generator.parameters(), lr=lr)
    x = np.linspace(-1, 1, n_points)

    def step() -> None:
        a = np.random.uniform(1, 2, size=batch_size)[:, np.newaxis]
        real = torch.from_numpy(a * x**2 + (a - 1)).float()
        fake = generator(torch.randn(batch_size, n_noise))

        d_real, d_fake = discriminator(real), discriminator(fake.detach())
        d_loss = -torch.mean(torch.log(d_real) + torch.log(1 - d_fake))
        d_optimizer.zero_grad()
        d_loss.backward()  # type: ignore[no-untyped-call]
        d_optimizer.step()

        g_loss = torch.mean(torch.log(1 - discriminator(fake)))
        g_optimizer.zero_grad()
        g_loss.backward()  # type: ignore[no-untyped-call]
        g_optimizer.step()

    return step
