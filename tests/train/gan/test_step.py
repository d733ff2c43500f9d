"""The training step, against gradients derived by hand in float64 numpy, and against autograd."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import logsigmoid

from bench.train.array_source import ArraySource
from train.data.quadratics import Quadratics
from train.data.scaling import fit_scaling
from train.gan.loop import Population
from train.noise.streams import TrainingStream
from train.recipes import RECIPES, Recipe

RECIPE = Recipe(lr_g=1e-3, lr_d=2e-3, batch_size=16)
N_STEPS = 20


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def arrays(network: torch.nn.Sequential) -> list[np.ndarray]:
    """A network's parameters, in float64."""
    return [p.detach().numpy().astype(np.float64) for p in network.parameters()]


class Network:
    """Linear, ReLU, Linear, with its gradient and Adam (Kingma and Ba 2015, algorithm 1)."""

    def __init__(self, network: torch.nn.Sequential, lr: float) -> None:
        self.parameters = arrays(network)
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
def population() -> Population:
    return Population(RECIPE, Quadratics(RECIPE.n_points), [3], torch.device("cpu"))


def batch(rng: np.random.Generator, recipe: Recipe = RECIPE) -> tuple[np.ndarray, np.ndarray]:
    """Real curves and noise of a step."""
    a = rng.uniform(1, 2, (recipe.batch_size, 1))
    real = (a * Quadratics(recipe.n_points).x_grid ** 2 + a - 1).astype(np.float32)
    return real, rng.standard_normal((recipe.batch_size, recipe.n_noise), np.float32)


def play(population: Population, real: np.ndarray, z: np.ndarray) -> torch.Tensor:
    """Plays a step of a single GAN at the recipe's learning rates and returns D's logits."""
    return population.play_block(*(torch.from_numpy(part)[None, None] for part in (real, z)))


def test_steps_follow_the_gradients_derived_by_hand(population: Population):
    (g,), (d,) = population.generators(), population.discriminators()
    generator, discriminator = Network(g, RECIPE.lr_g), Network(d, RECIPE.lr_d)
    rng = np.random.default_rng(0)
    for _ in range(N_STEPS):
        real, z = batch(rng)
        report = population.report(play(population, real, z))
        expected_d_real, expected_d_loss = step_by_hand(generator, discriminator, real, z)
        assert report.score == pytest.approx([-expected_d_loss], abs=1e-5)
        assert report.d_real == pytest.approx([expected_d_real], abs=1e-5)
        for by_hand, networks in (
            (generator, population.generators()),
            (discriminator, population.discriminators()),
        ):
            for expected, found in zip(by_hand.parameters, arrays(networks[0]), strict=True):
                np.testing.assert_allclose(found, expected, atol=1e-5, rtol=0)


def test_steps_follow_autograd_with_every_hyperparameter():
    """The same game as people write it in PyTorch: modules, autograd, torch's schedules."""
    recipe = Recipe(
        steps=N_STEPS, lr_g=2e-3, lr_d=1e-3, lr_decay="cosine", beta1_g=0.3, beta1_d=0.4,
        beta2_g=0.99, beta2_d=0.9, ema=0.8, n_noise=4, n_points=7, batch_size=8,
    )  # fmt: skip
    population = Population(recipe, Quadratics(7), [5], torch.device("cpu"))
    g, d = (copy.deepcopy(n[0]) for n in (population.generators(), population.discriminators()))
    average = copy.deepcopy(g)
    optimizers = [
        torch.optim.Adam(g.parameters(), lr=2e-3, betas=(0.3, 0.99)),
        torch.optim.Adam(d.parameters(), lr=1e-3, betas=(0.4, 0.9)),
    ]
    schedules = [
        torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, N_STEPS) for optimizer in optimizers
    ]
    for report, real, z in zip(population.fit(), *blocks(recipe), strict=True):
        for step in range(N_STEPS):
            d_real, d_fake = d(real[step]), d(g(z[step]))
            optimizers[1].zero_grad()
            (-logsigmoid(d_real).mean() - logsigmoid(-d_fake).mean()).backward()
            optimizers[1].step()
            optimizers[0].zero_grad()
            logsigmoid(-d(g(z[step]))).mean().backward()
            optimizers[0].step()
            for schedule in schedules:
                schedule.step()
            for mean, parameter in zip(average.parameters(), g.parameters(), strict=True):
                mean.data.lerp_(parameter.data, 1 - 0.8)
        assert report.step == N_STEPS
    for expected, found in ((average, population.generators()), (d, population.discriminators())):
        for a, b in zip(arrays(expected), arrays(found[0]), strict=True):
            np.testing.assert_allclose(b, a, atol=1e-5, rtol=0)


def test_steps_of_labelled_curves_follow_plain_pytorch_with_every_ingredient():
    """Modules on the curves in their own units, torch's own Adam, and a double backward pass."""
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 2, 200)
    curves = 500 + 3 * rng.standard_normal((200, 6)).cumsum(1) * (1 + classes[:, None])
    source = ArraySource(curves, classes, ("calm", "wild"))
    recipe = replace(RECIPES["curves"], steps=N_STEPS, batch_size=16, ema=0.8, explained=0.9)
    population = Population(recipe, source, [5], torch.device("cpu"))
    g, d = (copy.deepcopy(n[0]) for n in (population.generators(), population.discriminators()))
    average = copy.deepcopy(g)
    optimizers = [torch.optim.Adam(n.parameters(), lr=1e-3, betas=(0.0, 0.99)) for n in (g, d)]
    scaling = fit_scaling(source, recipe.explained)
    assert len(scaling.basis) < 6
    whitening = scaling.basis.T / scaling.sizes

    def judged(curves: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """D's logits of pairs of curves, and what it sees of them."""
        standardised = (curves - torch.tensor(scaling.mean)) / torch.tensor(scaling.spread)
        coefficients = standardised @ torch.tensor(whitening)
        parts = [standardised, coefficients, torch.nn.functional.one_hot(labels, 2)]
        seen = torch.cat(parts, dim=1).float().reshape(len(curves) // 2, -1)
        return d(seen), seen

    def penalty(logits: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        (slopes,) = torch.autograd.grad(logits.sum(), seen, create_graph=True)
        return recipe.penalty * 6 / 2 * (slopes**2).sum(1).mean()

    stream = TrainingStream([5], source, 16, 6, torch.device("cpu"))
    (report,) = population.fit()
    for step, (real, z, labels) in enumerate(zip(*stream.block(0, N_STEPS), strict=True)):
        real, z, labels = real[0], z[0], labels[0]
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = 1e-3 * (1 - step / N_STEPS)
            optimizer.zero_grad()
        on_real = judged(real.requires_grad_(), labels)
        on_fake = judged(g(z, labels).detach().requires_grad_(), labels)
        loss = -(logsigmoid(on_real[0]) + logsigmoid(-on_fake[0])).mean()
        loss = loss + penalty(*on_real) + penalty(*on_fake)
        loss.backward()
        optimizers[1].step()
        optimizers[0].zero_grad()
        logsigmoid(-judged(g(z, labels), labels)[0]).mean().backward()
        optimizers[0].step()
        for mean, parameter in zip(average.parameters(), g.parameters(), strict=True):
            mean.data.lerp_(parameter.data, 1 - 0.8)
    assert report.step == N_STEPS
    for expected, found in ((average, population.generators()), (d, population.discriminators())):
        for a, b in zip(arrays(expected), arrays(found[0]), strict=True):
            # Where a gradient is hardly more than rounding, Adam makes much of it.
            np.testing.assert_allclose(b, a, atol=3e-3, rtol=0)
            assert np.abs(b - a).mean() < 5e-5


def blocks(recipe: Recipe) -> tuple[torch.Tensor, torch.Tensor]:
    """The real curves and the noise of a training of seed 5, as one block."""
    cpu = torch.device("cpu")
    stream = TrainingStream([5], Quadratics(7), recipe.batch_size, recipe.n_noise, cpu)
    real, z, _ = stream.block(0, recipe.steps)
    return real.transpose(0, 1), z.transpose(0, 1)


def test_a_step_moves_every_parameter_of_both_networks(population: Population):
    before = [arrays(n[0]) for n in (population.generators(), population.discriminators())]
    play(population, *batch(np.random.default_rng(0)))
    after = [arrays(n[0]) for n in (population.generators(), population.discriminators())]
    for old, new in zip(before, after, strict=True):
        assert all((a != b).any() for a, b in zip(old, new, strict=True))


def test_losses_stay_finite_where_a_probability_would_round_to_zero_or_one(
    population: Population,
):
    real, z = batch(np.random.default_rng(0))
    score = population.report(play(population, 1e6 * real, z)).score
    assert abs(score[0]) > 100
    assert np.isfinite(score).all()


@pytest.mark.parametrize(
    ("lr_decay", "factors"),
    [
        ("constant", [1, 1, 1, 1]),
        ("linear", [1, 0.75, 0.5, 0.25]),
        ("quadratic", [1, 0.5625, 0.25, 0.0625]),
        ("cosine", [1, 0.5 + 0.25 * np.sqrt(2), 0.5, 0.5 - 0.25 * np.sqrt(2)]),
    ],
)
def test_learning_rates_fall_as_the_recipe_says(lr_decay: str, factors: list[float]):
    recipe = Recipe(steps=4, lr_decay=lr_decay)
    assert [recipe.lr_factor(step) for step in range(4)] == pytest.approx(factors)
