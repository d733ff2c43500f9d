"""A training's random numbers: a function of its seed and the step alone."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from bench.train.array_source import ArraySource
from train.data.quadratics import Quadratics
from train.data.source import MAX_TABLE_ROWS
from train.gan.loop import Population
from train.noise import philox
from train.noise.streams import TrainingStream
from train.recipes import Recipe

CPU = torch.device("cpu")


def stream(*seeds: int) -> TrainingStream:
    return TrainingStream(seeds, Quadratics(15), batch_size=64, n_noise=5, device=CPU)


@dataclass(frozen=True)
class Table:
    """Real curves of two points, each of which is its row's number."""

    n_rows: int
    name = "numbers"
    n_points = 2
    x_grid = np.linspace(0, 1, 2)
    bounds = labels = None

    def rows(self, numbers: torch.Tensor) -> torch.Tensor:
        return numbers.float().unsqueeze(-1).expand(*numbers.shape, 2)


@pytest.mark.parametrize("n_rows", [1, 3, 1_000])
def test_every_row_of_a_table_is_drawn_equally_often(n_rows: int):
    drawing = TrainingStream([7], Table(n_rows), batch_size=64, n_noise=5, device=CPU)
    numbers = drawing.block(0, 1_000)[0][..., 0].flatten().long()
    times = torch.bincount(numbers, minlength=n_rows).numpy()
    expected = len(numbers) / n_rows
    assert len(times) == n_rows
    assert np.abs(times - expected).max() < 5 * np.sqrt(expected)


def test_the_last_row_of_the_largest_table_can_be_drawn():
    words = torch.tensor([0, 2**32 - 1])
    assert philox.below(words, MAX_TABLE_ROWS).tolist() == [0, MAX_TABLE_ROWS - 1]


def test_a_step_s_numbers_do_not_depend_on_how_steps_are_blocked():
    whole = stream(7).block(0, 50)
    part = stream(7).block(30, 5)
    for expected, found in zip(whole[:2], part[:2], strict=True):
        assert torch.equal(expected[30:35], found)


def test_a_seed_s_numbers_do_not_depend_on_the_seeds_beside_it():
    beside = stream(3, 7, 2**32 - 1).block(10, 4)
    for expected, found in zip(stream(7).block(10, 4)[:2], beside[:2], strict=True):
        torch.testing.assert_close(found[:, 1:2], expected, atol=1e-7, rtol=0)


def test_different_seeds_and_steps_give_different_numbers():
    real, noise = stream(7).block(0, 2)[:2]
    other_real, other_noise = stream(8).block(0, 2)[:2]
    assert not (noise == other_noise).any()
    assert not (noise[0] == noise[1]).any()
    assert not torch.equal(real, other_real)


def test_real_curves_are_the_tutorial_s():
    real = stream(1).block(0, 500)[0].numpy().reshape(-1, 15)
    x = np.linspace(-1, 1, 15)
    a = real[:, 7] + 1  # y at x = 0 is a - 1
    np.testing.assert_allclose(real, a[:, None] * x**2 + a[:, None] - 1, atol=1e-6)
    quantiles = 1 + (np.arange(len(a)) + 0.5) / len(a)
    assert np.abs(np.sort(a) - quantiles).max() < 2.7 / np.sqrt(len(a))


def test_real_curves_and_noise_are_independent():
    real, noise = (part.numpy().reshape(32_000, -1) for part in stream(1).block(0, 500)[:2])
    # The squares too: a word used twice would tie a curve to the noise's size, not to its sign.
    for part in (noise, noise**2):
        correlations = np.corrcoef(part.T, real[:, 7])[-1, :-1]
        assert np.abs(correlations).max() < 5 / np.sqrt(32_000)


def test_each_row_brings_its_class():
    classes = np.array([0, 1, 2, 1])
    source = ArraySource(np.arange(4.0)[:, None] * np.ones(2), classes, ("a", "b", "c"))
    block = TrainingStream([7, 8], source, batch_size=64, n_noise=5, device=CPU).block(0, 3)
    assert block.classes.shape == (3, 2, 64)
    assert block.classes.tolist() == classes[block.real[..., 0].long()].tolist()
    assert stream(7).block(0, 1).classes is None


def test_the_same_seed_trains_the_same_weights():
    generators = []
    for _ in range(2):
        population = Population(Recipe(steps=150), Quadratics(15), [5], CPU)
        list(population.fit())
        generators.append(population.generators()[0].state_dict())
    assert all(torch.equal(generators[0][name], generators[1][name]) for name in generators[0])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_gives_the_numbers_that_the_cpu_gives():
    cuda = TrainingStream([7], Quadratics(15), 64, 5, torch.device("cuda")).block(3, 10)[:2]
    for expected, found in zip(stream(7).block(3, 10)[:2], cuda, strict=True):
        torch.testing.assert_close(found.cpu(), expected, atol=1e-6, rtol=1e-6)
