"""The training step against gradients derived by hand, in float64 numpy, without autograd."""

import numpy as np
import pytest
import torch

from train.families import Quadratics
from train.loop import Gan
from train.recipes import Recipe

RECIPE = Recipe(lr_g=1e-3, lr_d=2e-3, batch_size=16)
N_STEPS = 20


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


class Network:
    """Linear, ReLU, Linear, with its gradient and Adam (Kingma and Ba 2015, algorithm 1)."""

    def __init__(self, network: torch.nn.Sequential, lr: float) -> None:
        self.parameters = [p.detach().numpy().astype(np.float64) for p in network.parameters()]
        self.lr = lr
        self.t = 0
        self.m = [np.zeros_like(p) for p in self.parameters]
        self.v = [np.zeros_like(p) for p in self.parameters]

    def forward(self, x: np.ndarray) -> np.ndarray:
        w1, b1, w2, b2 = self.parameters
        self.x, self.hidden = x, np.maximum(x @ w1.T + b1, 0)
        return self.hidden @ w2.T + b2

    def backward(self, d_output: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """The gradients of the parameters and of the last input, given that of the output."""
        w1, _, w2, _ = self.parameters
        d_hidden = d_output @ w2 * (self.hidden > 0)
        gradients = [
            d_hidden.T @ self.x,
            d_hidden.sum(0),
            d_output.T @ self.hidden,
            d_output.sum(0),
        ]
        return gradients, d_hidden @ w1

    def descend(self, gradients: list[np.ndarray]) -> None:
        self.t += 1
        for p, g, m, v in zip(self.parameters, gradients, self.m, self.v, strict=True):
            m += (1 - 0.9) * (g - m)
            v += (1 - 0.999) * (g * g - v)
            m_hat, v_hat = m / (1 - 0.9**self.t), v / (1 - 0.999**self.t)
            p -= self.lr * m_hat / (np.sqrt(v_hat) + 1e-8)


def step_by_hand(generator: Network, discriminator: Network, real: np.ndarray, z: np.ndarray):
    n = len(real)
    fake = generator.forward(z)
    # D minimises -mean(log D(x)) - mean(log(1 - D(G(z)))); d/dlogit: D(x) - 1, and D(G(z)).
    real_logits = discriminator.forward(real)
    from_real, _ = discriminator.backward((sigmoid(real_logits) - 1) / n)
    fake_logits = discriminator.forward(fake)
    from_fake, _ = discriminator.backward(sigmoid(fake_logits) / n)
    d_loss = -np.mean(np.log(sigmoid(real_logits)) + np.log(1 - sigmoid(fake_logits)))
    discriminator.descend([a + b for a, b in zip(from_real, from_fake, strict=True)])
    # G minimises mean(log(1 - D(G(z)))) through the updated D; d/dlogit: -D(G(z)).
    _, d_fake = discriminator.backward(-sigmoid(discriminator.forward(fake)) / n)
    gradients, _ = generator.backward(d_fake)
    generator.descend(gradients)
    return sigmoid(real_logits).mean(), d_loss


@pytest.fixture
def gan() -> Gan:
    return Gan(RECIPE, Quadratics(RECIPE.n_points), seed=3, device=torch.device("cpu"))


def test_steps_follow_the_gradients_derived_by_hand(gan: Gan):
    generator = Network(gan.generator, RECIPE.lr_g)
    discriminator = Network(gan.discriminator, RECIPE.lr_d)
    rng = np.random.default_rng(0)
    for _ in range(N_STEPS):
        a = rng.uniform(1, 2, (RECIPE.batch_size, 1))
        real = (a * Quadratics(RECIPE.n_points).x_grid ** 2 + a - 1).astype(np.float32)
        z = rng.standard_normal((RECIPE.batch_size, RECIPE.n_noise), np.float32)
        real_logits, d_loss = gan.step(torch.from_numpy(real), torch.from_numpy(z))
        expected_d_real, expected_d_loss = step_by_hand(generator, discriminator, real, z)
        assert d_loss.item() == pytest.approx(expected_d_loss, abs=1e-5)
        assert real_logits.sigmoid().mean().item() == pytest.approx(expected_d_real, abs=1e-5)
        for by_hand, network in ((generator, gan.generator), (discriminator, gan.discriminator)):
            for expected, found in zip(by_hand.parameters, network.parameters(), strict=True):
                np.testing.assert_allclose(found.detach(), expected, atol=1e-5, rtol=0)


def test_a_step_moves_every_parameter_of_both_networks(gan: Gan):
    before = [
        p.detach().clone() for net in (gan.generator, gan.discriminator) for p in net.parameters()
    ]
    gan.step(torch.rand(16, 15), torch.randn(16, 5))
    after = [p for net in (gan.generator, gan.discriminator) for p in net.parameters()]
    assert all((a != b).any() for a, b in zip(after, before, strict=True))


def test_losses_stay_finite_where_a_probability_would_round_to_zero_or_one(gan: Gan):
    with torch.no_grad():
        gan.discriminator[2].bias.fill_(200.0)
    _, d_loss = gan.step(torch.rand(16, 15), torch.randn(16, 5))
    assert d_loss.item() == pytest.approx(200, rel=0.01)
    assert all(torch.isfinite(p).all() for p in gan.generator.parameters())
